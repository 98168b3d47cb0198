"""Poses drawn from the joints' covariance."""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.skeleton import HIP, NUM_JOINTS

DRAWS = 64


def draw_poses(joints: NDArray[Any], covariance: NDArray[Any]) -> NDArray[np.float64]:
    """Poses (64, 17, 3) relative to the Hip, in metres.

    The same random numbers are used for all poses, so that probabilities change over time no faster
    than the poses. For each draw there is the opposite one. Joints are drawn independently: the
    covariances between joints are not known.

    Args:
        joints: (17, 3) metres.
        covariance: (17, 3, 3) m², relative to the Hip; a joint without a finite one is not varied.
    """
    known = np.nan_to_num(np.asarray(covariance, np.float64), posinf=0.0, neginf=0.0)
    known[HIP] = 0.0  # the Hip's is the covariance of the position
    values, vectors = np.linalg.eigh(known)
    scaled = vectors * np.sqrt(values.clip(min=0.0))[:, None, :]
    pose = np.asarray(joints, np.float64) - joints[HIP]
    return np.asarray(pose + (scaled @ _normals()).transpose(2, 0, 1))


@cache
def _normals() -> NDArray[np.float64]:
    """Standard normal numbers (17, 3, 64)."""
    half = np.random.default_rng(0).standard_normal((NUM_JOINTS, 3, DRAWS // 2))
    return np.concatenate([half, -half], axis=-1)
