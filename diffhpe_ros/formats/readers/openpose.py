"""OpenPose's folders: one JSON file per frame. Pose2Sim and RTMLib write them, too."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.formats.keypoint_rows import KeypointRows
from diffhpe_ros.formats.readers.points import (
    check_ids,
    frame_numbers,
    layout_of,
    stack_points,
)

_FACE = 0.25  # of the person's extent; a face has about 0.1, nose to right hand 0.4 and more


def read_openpose(path: Path, _sequence: str | None = None) -> KeypointRows:
    """Read a folder of files such as walk_000000000012_keypoints.json.

    Each has "people", a list with "pose_keypoints_2d" (x, y, confidence of each joint, 0 where
    unseen) and perhaps "person_id". The files do not give the images' size and rate.

    Raises:
        DiffhpeError: a file is no such JSON, or no file contains a person.
    """
    files = sorted(path.glob("*.json"))
    numbers = frame_numbers([file.name for file in files], path)
    if len(np.unique(numbers)) < len(numbers):
        raise DiffhpeError(f"{path}: files of one recording are expected, numbered by frame")
    frames, people, ids = [], [], []
    for number, file in sorted(zip(numbers.tolist(), files, strict=True)):
        for person in _people(file):
            frames.append(number)
            people.append(person.get("pose_keypoints_2d"))
            ids.append(person.get("person_id"))
    if not people:
        raise DiffhpeError(f"{path}: no person is in any of the {len(files)} files")
    points = stack_points(people, path)
    layout, count = layout_of(points), points.shape[1]
    if layout == "body25" and _begins_with_face(points):
        layout = "body25b"
    notes = (f"{count} joints are read as {layout}; set another layout with --layout",)
    return KeypointRows(
        frames=np.array(frames, np.int64),
        frame_count=int(numbers.max()) + 1,
        keypoints=points[..., :2],
        confidence=points[..., 2],
        layout=layout,
        track_ids=check_ids(ids, path),
        notes=notes if count in (17, 25) else (),
    )


def _begins_with_face(points: NDArray[np.float32]) -> bool:
    """Whether the first five of (N, 25, 3) joints are a face, as in BODY_25B, not an arm."""
    shown = np.where(points[..., 2:] > 0, points[..., :2], np.nan)
    with np.errstate(all="ignore"):
        extents = [np.fmax.reduce(x, 1) - np.fmin.reduce(x, 1) for x in (shown[:, :5], shown)]
        share = np.hypot(*extents[0].T) / np.hypot(*extents[1].T)
    return bool(np.nanmedian(share) < _FACE)


def _people(file: Path) -> list[dict[str, Any]]:
    try:
        people = json.loads(file.read_text(encoding="utf-8"))["people"]
        if isinstance(people, list) and all(isinstance(person, dict) for person in people):
            return people
    except OSError as error:
        raise DiffhpeError(f"cannot read {file}: {error.strerror or error}") from None
    except (ValueError, KeyError, TypeError):
        raise DiffhpeError(f"{file}: not OpenPose's JSON; a list of people is expected") from None
    raise DiffhpeError(f"{file}: not OpenPose's JSON; a list of people is expected")
