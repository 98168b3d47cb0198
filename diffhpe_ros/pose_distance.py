"""Distances between 2D poses, in units of their size."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

SAME_PERSON = 0.15
"""Poses in one image that are nearer than this count as one person, seen twice: 25 cm for people
side by side. Two results for one person are within 0.13, unless one of them is wrong."""


def pose_sizes(keypoints: NDArray[Any]) -> NDArray[Any]:
    """Diagonals (...) of the boxes around the seen joints of (..., K, 2), 0 without seen joints."""
    seen = np.isfinite(keypoints).all(-1, keepdims=True)
    least = np.where(seen, keypoints, np.inf).min(-2)
    most = np.where(seen, keypoints, -np.inf).max(-2)
    extent = np.where(seen.any(-2), np.where(most > least, most - least, 0), 0)
    return np.asarray(np.linalg.norm(extent, axis=-1))


def pose_distances(some: NDArray[Any], others: NDArray[Any]) -> NDArray[np.float64]:
    """Mean distances of the joints seen in both, in units of the larger of the two sizes.

    The larger size is used because a head alone in one image must not count as a small person.

    Args:
        some: (P, K, 2) pixels, NaN where unseen.
        others: (Q, K, 2) pixels, NaN where unseen.

    Returns:
        (P, Q), infinite where no joint is seen in both.
    """
    joints = np.linalg.norm(some[:, None].astype(np.float64) - others[None], axis=-1)
    common = np.isfinite(joints)
    size = np.maximum(pose_sizes(some)[:, None], pose_sizes(others)[None])
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = np.where(common, joints, 0).sum(-1) / common.sum(-1) / size
    return np.where(np.isfinite(apart), apart, np.inf)
