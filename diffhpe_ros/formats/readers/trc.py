"""Sports2D's TRC files in pixels."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.formats.keypoint_rows import KeypointRows

_FIRST = 5  # lines before the numbers, without a possible empty one
_LEAST_PIXELS = 20.0  # people in metres are smaller than this

# Name → joint of Halpe's 26, and of COCO's 17.
COCO_MARKERS = (
    "Nose", "LEye", "REye", "LEar", "REar", "LShoulder", "RShoulder", "LElbow", "RElbow",
    "LWrist", "RWrist", "LHip", "RHip", "LKnee", "RKnee", "LAnkle", "RAnkle",
)  # fmt: skip
HALPE_MARKERS = (*COCO_MARKERS, "Head", "Neck", "Hip")
_NOT_NEEDED = {"LEar", "REar", "LEye", "REye"}


def read_trc(path: Path, _sequence: str | None = None) -> KeypointRows:
    """Read one person's file, such as walk_Sports2D_px_person00.trc.

    x and y are pixels of the video, y down; z is 0. The file gives the rate, but not the images'
    size. Markers are found by their names: those of Halpe's 26, or at least those of COCO's 17.

    Raises:
        DiffhpeError: the file is no TRC file, lacks a joint, or is in metres (3D needs no lifting).
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        values = dict(zip(lines[1].split("\t"), lines[2].split("\t"), strict=False))
        fps = float(values["DataRate"])
        names = [name.strip() for name in lines[3].split("\t")[2::3]]
        rows = [line.split("\t") for line in lines[_FIRST:] if line.strip()]
        table = np.array(
            [[float(cell) if cell.strip() else np.nan for cell in _padded(row, len(names))]
             for row in rows],
        )  # fmt: skip
    except (KeyError, IndexError):
        raise DiffhpeError(f"{path}: not readable as TRC: its header is incomplete") from None
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise DiffhpeError(f"{path}: not readable as TRC ({error})") from None
    points = table[:, 2:].reshape(len(table), -1, 3)[..., :2].astype(np.float32)
    if not np.isfinite(points).any():
        raise DiffhpeError(f"{path}: no marker is seen in any of the {len(table)} frames")
    if np.nanmax(np.abs(points)) < _LEAST_PIXELS:
        raise DiffhpeError(
            f"{path}: positions up to {np.nanmax(np.abs(points)):.1f} look like metres; pixels"
            " are expected, as in Sports2D's files with _px_ in their names"
        )
    keypoints, layout = _ordered(points, names, path)
    return KeypointRows(
        frames=np.arange(len(table), dtype=np.int64),
        frame_count=len(table),
        keypoints=keypoints,
        confidence=np.asarray(np.isfinite(keypoints).all(-1), np.float32),
        layout=layout,
        track_ids=np.zeros(len(table), np.int64),
        fps=fps,
    )


def _padded(row: list[str], markers: int) -> list[str]:
    """Cells for all markers: empty cells at the end of a line are often omitted."""
    return (row + [""] * (2 + 3 * markers))[: 2 + 3 * markers]


def _ordered(
    points: NDArray[np.float32], names: list[str], path: Path
) -> tuple[NDArray[np.float32], str]:
    halpe = {"Head", "Neck", "Hip"} <= set(names)
    order, size = (HALPE_MARKERS, 26) if halpe else (COCO_MARKERS, 17)
    needed = set(order) - (_NOT_NEEDED if halpe else {"LEar", "REar"})
    if lacking := sorted(needed - set(names)):
        raise DiffhpeError(f"{path}: marker {lacking[0]} is missing; found {', '.join(names)}")
    keypoints = np.full((len(points), size, 2), np.nan, np.float32)
    for joint, name in enumerate(order):
        if name in names:
            keypoints[:, joint] = points[:, names.index(name)]
    return keypoints, "halpe26" if halpe else "coco17"
