"""COCO's keypoint files, and AlphaPose's, which extend COCO's results."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.formats.keypoint_rows import KeypointRows
from diffhpe_ros.formats.readers.points import (
    check_ids,
    frame_numbers,
    layout_of,
    stack_points,
)

_COUNTS = (17, 26, 133, 136)
_ID_NAMES = ("track_id", "idx")


def read_coco(path: Path, _sequence: str | None = None) -> KeypointRows:
    """Read COCO results, a COCO data set with annotations, or AlphaPose results.

    Results are a list of people with "image_id" (a number, or AlphaPose's name of the image),
    "keypoints" (x, y, confidence of each joint) and perhaps "idx" or "track_id". A data set also
    has the images with their sizes; its third number of a joint is a flag, 0 where unseen. The
    number of an image is that of its frame; images that are not listed show no person.

    Raises:
        DiffhpeError: the file is no such JSON, or contains no person.
    """
    content = _load(path)
    people = content["annotations"] if isinstance(content, dict) else content
    people = [person for person in people if person.get("keypoints")]
    if not people:
        raise DiffhpeError(f"{path}: it contains no person")
    images = content["images"] if isinstance(content, dict) else []
    names = [person.get("image_id") for person in people]
    if images:
        by_id = {image.get("id"): image.get("file_name", image.get("id")) for image in images}
        numbers = frame_numbers([*by_id.values(), *(by_id.get(name, name) for name in names)], path)
        count, frames = int(numbers.max()) + 1, numbers[len(by_id) :]
    else:
        frames = frame_numbers(names, path)
        count = int(frames.max()) + 1
    order = np.argsort(frames, kind="stable")
    points = stack_points([people[row]["keypoints"] for row in order], path)
    return KeypointRows(
        frames=frames[order],
        frame_count=count,
        keypoints=points[..., :2],
        confidence=points[..., 2] if not images else (points[..., 2] > 0).astype(np.float32),
        layout=layout_of(points, _COUNTS),
        track_ids=check_ids((_track_id(people[row]) for row in order), path),
        size=_size(images, path),
    )


def _load(path: Path) -> Any:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DiffhpeError(f"{path}: not readable as JSON ({error})") from None
    lists = [content["annotations"], content["images"]] if isinstance(content, dict) else [content]
    if not all(isinstance(each, list) and all(isinstance(e, dict) for e in each) for each in lists):
        raise DiffhpeError(f"{path}: a list of people with image_id and keypoints is expected")
    return content


def _track_id(person: Mapping[str, Any]) -> Any:
    return next((person[name] for name in _ID_NAMES if name in person), None)


def _size(images: Sequence[Mapping[str, Any]], path: Path) -> tuple[int, int] | None:
    sizes = {(image.get("width"), image.get("height")) for image in images}
    if len(sizes) > 1:
        raise DiffhpeError(f"{path}: images of one size are expected, got {len(sizes)} sizes")
    width, height = next(iter(sizes), (None, None))
    return (int(width), int(height)) if width and height else None
