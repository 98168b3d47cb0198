"""Combines the hypotheses of a window into one pose."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.camera import CANONICAL_FOCAL
from diffhpe_ros.errors import unknown
from diffhpe_ros.geometry import localize_root

Aggregation = Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]]
"""Hypotheses (B, H, L, 17, 3), metres in the camera frame, and windows (B, L, 17, 2) in the
canonical view, (0, 0) where unseen → poses (B, L, 17, 3)."""


def mean(hypotheses: NDArray[Any], x_2d: NDArray[Any]) -> NDArray[Any]:
    """The hypotheses' mean, as published by DiffHPE."""
    return np.asarray(hypotheses.mean(1))


def by_reprojection(hypotheses: NDArray[Any], x_2d: NDArray[Any]) -> NDArray[Any]:
    """Each joint from the hypothesis whose projection is nearest to the keypoint (D3DP's J-Agg).

    The published figures project with the true root. Here the root is where the mean pose fits the
    image best, which is also known live. Unseen joints, and all joints of frames without a root,
    get the hypotheses' mean.
    """
    average = mean(hypotheses, x_2d)
    seen = (x_2d != 0).any(-1)
    root = localize_root(average, x_2d, seen.astype(np.float32))
    joints = hypotheses + root[:, None, :, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        projected = CANONICAL_FOCAL * joints[..., :2] / joints[..., 2:]
        residual = np.linalg.norm(projected - x_2d[:, None], axis=-1)  # (B, H, L, 17)
    residual = np.where((joints[..., 2] > 0) & np.isfinite(residual), residual, np.inf)
    nearest = residual.argmin(1)[:, None, ..., None]
    chosen = np.take_along_axis(hypotheses, nearest, 1)[:, 0]
    known = seen & np.isfinite(residual.min(1))
    return np.where(known[..., None], chosen, average)


AGGREGATIONS: Mapping[str, Aggregation] = {"mean": mean, "reprojection": by_reprojection}


def create_aggregation(name: str) -> Aggregation:
    """The aggregation with this name.

    Raises:
        DiffhpeError: there is none with this name.
    """
    if name not in AGGREGATIONS:
        raise unknown("aggregation", name, AGGREGATIONS)
    return AGGREGATIONS[name]
