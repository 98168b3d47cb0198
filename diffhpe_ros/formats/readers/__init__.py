"""Keypoints of other programs: finds the reader for a path by its extension and content."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.formats.keypoint_rows import KeypointRows
from diffhpe_ros.formats.readers.coco import read_coco
from diffhpe_ros.formats.readers.mediapipe import read_mediapipe
from diffhpe_ros.formats.readers.openpose import read_openpose
from diffhpe_ros.formats.readers.trc import read_trc
from diffhpe_ros.formats.readers.videopose3d import read_detections, read_positions

Reader = Callable[[Path, str | None], KeypointRows]
"""Takes a path, and a recording's name if it holds several; returns the keypoints."""


def find_reader(path: Path) -> Reader | None:
    """The reader for a file or folder; None if it is not another program's keypoints.

    Raises:
        DiffhpeError: it is a .json file of no known format.
    """
    if path.is_dir():
        return read_openpose if next(path.glob("*.json"), None) else None
    if not path.is_file():
        return None
    ending = path.suffix.lower()
    if ending == ".json":
        return _reader_of_json(path)
    if ending == ".npz":
        return _reader_of_npz(path)
    return {".trc": read_trc, ".csv": read_mediapipe}.get(ending)


def read_keypoints(path: Path | str, sequence: str | None = None) -> KeypointRows:
    """Read the keypoints of another program.

    Args:
        path: a file, or a folder of OpenPose's JSON files.
        sequence: the name of a recording in it, if it holds several.

    Raises:
        DiffhpeError: the file is damaged or of no known format; `sequence` is missing or wrong.
    """
    path = Path(path)
    reader = find_reader(path)
    if reader is None:
        raise DiffhpeError(
            f"{path}: keypoints are expected: a folder of OpenPose JSON, or a .json, .trc, .csv or"
            " .npz file"
        )
    return reader(path, sequence)


def _reader_of_json(path: Path) -> Reader:
    with path.open(encoding="utf-8", errors="replace") as file:
        begin = file.read(4096).lstrip()
    if begin.startswith("["):
        return read_coco
    if '"people"' in begin:
        raise DiffhpeError(
            f"{path}: OpenPose's keypoints of one frame; the folder with the files of all frames is"
            " expected"
        )
    try:
        names = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DiffhpeError(f"{path}: not readable as JSON ({error})") from None
    if isinstance(names, dict) and {"annotations", "images"} <= names.keys():
        return read_coco
    raise DiffhpeError(
        f"{path}: COCO results, a COCO data set with keypoints or AlphaPose results are expected"
    )


def _reader_of_npz(path: Path) -> Reader | None:
    try:
        with zipfile.ZipFile(path) as archive:
            names = {name.removesuffix(".npy") for name in archive.namelist()}
    except (OSError, zipfile.BadZipFile):
        return None  # reading it as an archive reports the problem
    if "positions_2d" in names:
        return read_positions
    return read_detections if {"boxes", "keypoints"} <= names else None
