"""C3D: the binary format of motion capture, written by ezc3d."""

from pathlib import Path
from typing import Any

import ezc3d
import numpy as np

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.formats.axes import rotation_to
from diffhpe_ros.formats.even_rate import EvenTrack
from diffhpe_ros.formats.pose_recording import PoseTrack
from diffhpe_ros.formats.writers.trc import MARKERS
from diffhpe_ros.io import replacing_path
from diffhpe_ros.skeleton import NUM_JOINTS

MOST_FRAMES = 65535
"""The format has a 16-bit frame counter."""
_MM = 1000.0
_UNSEEN = -1.0  # residual of an invalid point


def write(path: Path, track: PoseTrack, fps: float, up: str) -> None:
    """Write one person in millimetres; unknown joints are invalid points.

    Frames are numbered from the beginning of the recording, so files of several people match.

    Args:
        path: of the file.
        track: the person.
        fps: frames per second.
        up: z, as in most laboratories, or y.

    Raises:
        DiffhpeError: the file cannot be written, or the track has too many frames for the format.
    """
    even = EvenTrack(track, fps)
    first = round(even.start_s * fps)
    if first + len(even) > MOST_FRAMES:
        raise DiffhpeError(
            f"{path}: C3D holds at most {MOST_FRAMES} frames, person {track.track_id} is seen until"
            f" frame {first + len(even)}; choose another format"
        )
    rotation = _MM * rotation_to(up)
    joints = np.concatenate(list(even.chunks())) @ rotation.T
    points = np.moveaxis(joints, -1, 0).transpose(0, 2, 1)  # (3, 17, T)
    known = np.isfinite(points).all(0)
    file: Any = ezc3d.c3d()
    file["header"]["points"]["first_frame"] = first
    file["parameters"]["POINT"]["RATE"]["value"] = [fps]
    file["parameters"]["POINT"]["UNITS"]["value"] = ["mm"]
    file["parameters"]["POINT"]["LABELS"]["value"] = list(MARKERS)
    file["data"]["points"] = np.concatenate([points, np.ones((1, *known.shape))])
    residuals = np.where(known, 0.0, _UNSEEN)[None]
    assert residuals.shape[1] == NUM_JOINTS
    file["data"]["meta_points"]["residuals"] = residuals
    with replacing_path(path) as part:
        file.write(str(part))
