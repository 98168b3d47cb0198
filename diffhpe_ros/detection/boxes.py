"""Boxes around people."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def overlaps(box: NDArray[Any], boxes: NDArray[Any]) -> NDArray[np.float64]:
    """Intersection over union (N,) of a box (4,) x0 y0 x1 y1 with others (N, 4)."""
    sides = np.minimum(boxes[:, 2:], box[2:]) - np.maximum(boxes[:, :2], box[:2])
    common = sides.clip(min=0).prod(-1)
    union = (boxes[:, 2:] - boxes[:, :2]).prod(-1) + (box[2:] - box[:2]).prod() - common
    return np.asarray(common / np.maximum(union, 1e-9), np.float64)
