"""Shared by readers: flat lists of numbers, numbers in names, layouts by number of joints."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.errors import DiffhpeError

LAYOUT_BY_COUNT: Mapping[int, str] = MappingProxyType(
    {
        17: "coco17",
        18: "openpose18",
        25: "body25",
        26: "halpe26",
        133: "coco133",
        136: "halpe136",
    }
)
"""For JSON files, whose formats have no other layouts with these numbers of joints."""


def stack_points(people: Sequence[Any], path: Path) -> NDArray[np.float32]:
    """Lists x0, y0, c0, x1, y1, c1 … of N people as (N, K, 3).

    Raises:
        DiffhpeError: they are no such lists, or their lengths differ.
    """
    try:
        points = np.array(people, np.float32).reshape(len(people), -1)
    except (TypeError, ValueError):
        raise DiffhpeError(
            f"{path}: keypoints must be lists x, y, confidence, x, y … of the same length"
        ) from None
    if not len(points) or points.shape[1] == 0 or points.shape[1] % 3:
        raise DiffhpeError(
            f"{path}: keypoints must be lists x, y, confidence, x, y …, got"
            f" {points.shape[1] if len(points) else 0} numbers"
        )
    return points.reshape(len(points), -1, 3)


def layout_of(points: NDArray[Any], known: Iterable[int] = LAYOUT_BY_COUNT) -> str | None:
    """The layout of points (N, K, 3); None if K is not known."""
    count = points.shape[1]
    return LAYOUT_BY_COUNT.get(count) if count in known else None


def frame_numbers(names: Sequence[Any], path: Path) -> NDArray[np.int64]:
    """Numbers in names such as 12, "000012.jpg" or "walk_000012_keypoints.json".

    Args:
        names: of images or files, in any order; the last number counts.
        path: for errors.

    Returns:
        (N,) relative to the first, since the names of a video's images count its frames.

    Raises:
        DiffhpeError: a name has no number.
    """
    found = [re.findall(r"\d+", re.sub(r"\.[a-z]\w*$", "", str(name).lower())) for name in names]
    if not all(found):
        lacking = next(name for name, numbers in zip(names, found, strict=True) if not numbers)
        raise DiffhpeError(
            f"{path}: the name of each image must contain the frame number, got {lacking!r}"
        )
    numbers = np.array([int(each[-1]) for each in found], np.int64)
    return numbers - (numbers.min() if len(numbers) else 0)


def check_ids(ids: Iterable[Any], path: Path) -> NDArray[np.int64] | None:
    """Track ids (N,) if every person has one that is at least 0, else None.

    Raises:
        DiffhpeError: the ids are not numbers.
    """
    try:
        numbers = [-1 if each is None else int(np.ravel(each)[0]) for each in ids]
    except (TypeError, ValueError, IndexError):
        raise DiffhpeError(f"{path}: whole numbers are expected as person ids") from None
    array = np.array(numbers, np.int64)
    return array if len(array) and (array >= 0).all() else None
