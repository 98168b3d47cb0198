"""TRC: tables of marker positions, which OpenSim and other biomechanics programs read."""

from pathlib import Path

import numpy as np

from diffhpe_ros.formats.axes import rotation_to
from diffhpe_ros.formats.even_rate import EvenTrack
from diffhpe_ros.formats.pose_recording import PoseTrack
from diffhpe_ros.io import replacing
from diffhpe_ros.skeleton import JOINTS, NUM_JOINTS

MARKERS = tuple(name.replace("Neck/Nose", "Nose") for name in JOINTS)
"""Marker names: OpenSim uses / in paths, so a name cannot contain it."""
_MM = 1000.0


def write(path: Path, track: PoseTrack, fps: float, up: str) -> None:
    """Write one person in millimetres; cells of unknown joints are empty.

    Args:
        path: of the file.
        track: the person.
        fps: frames per second.
        up: y, as in OpenSim, or z.

    Raises:
        DiffhpeError: the file cannot be written.
    """
    even = EvenTrack(track, fps)
    rotation = _MM * rotation_to(up)
    with replacing(path) as file:
        file.write(_header(path.name, even).encode())
        number = 0
        for joints in even.chunks():
            for values in (joints @ rotation.T).reshape(-1, 3 * NUM_JOINTS):
                cells = ("" if np.isnan(value) else f"{value:.3f}" for value in values)
                time_s = even.start_s + number / fps
                number += 1
                file.write(f"{number}\t{time_s:.6f}\t{chr(9).join(cells)}\n".encode())


def _header(name: str, even: EvenTrack) -> str:
    count, rate = len(even), f"{even.fps:g}"
    names = ("DataRate", "CameraRate", "NumFrames", "NumMarkers", "Units")
    original = ("OrigDataRate", "OrigDataStartFrame", "OrigNumFrames")
    values = (rate, rate, count, NUM_JOINTS, "mm", rate, 1, count)
    axes = (f"{axis}{number}" for number in range(1, NUM_JOINTS + 1) for axis in "XYZ")
    return "\n".join(
        [
            f"PathFileType\t4\t(X/Y/Z)\t{name}",
            "\t".join((*names, *original)),
            "\t".join(map(str, values)),
            "Frame#\tTime\t" + "\t\t\t".join(MARKERS) + "\t\t",
            "\t\t" + "\t".join(axes),
            "\n",
        ]
    )
