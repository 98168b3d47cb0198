"""Errors of poses against truth. Millimetres in, millimetres out; metres likewise."""

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.errors import DiffhpeError


def mpjpe(predicted: NDArray[np.floating], truth: NDArray[np.floating]) -> float:
    """Mean per joint position error (protocol 1): mean distance, root included.

    Args:
        predicted: (..., 17, 3), root-relative.
        truth: the same shape.

    Raises:
        DiffhpeError: the shapes differ.
    """
    _check(predicted, truth)
    return float(np.linalg.norm(predicted - truth, axis=-1).mean())


def p_mpjpe(predicted: NDArray[np.floating], truth: NDArray[np.floating]) -> float:
    """MPJPE after the best similarity transform of each pose (protocol 2).

    Args:
        predicted: (..., 17, 3).
        truth: the same shape.

    Raises:
        DiffhpeError: the shapes differ.
    """
    _check(predicted, truth)
    x = predicted.reshape(-1, *predicted.shape[-2:]).astype(np.float64)
    y = truth.reshape(-1, *truth.shape[-2:]).astype(np.float64)
    x_mean, y_mean = x.mean(1, keepdims=True), y.mean(1, keepdims=True)
    x, y = x - x_mean, y - y_mean
    # Kabsch and Umeyama: the rotation and scale that take x closest to y.
    u, s, vt = np.linalg.svd(x.transpose(0, 2, 1) @ y)
    handed = np.sign(np.linalg.det(u @ vt))
    u[..., -1] *= handed[:, None]
    s[..., -1] *= handed
    size = (x**2).sum((1, 2))
    scale = s.sum(-1) / np.where(size > 0, size, 1.0)
    aligned = scale[:, None, None] * x @ (u @ vt)
    return float(np.linalg.norm(aligned - y, axis=-1).mean())


def _check(predicted: NDArray[np.floating], truth: NDArray[np.floating]) -> None:
    if predicted.shape != truth.shape or predicted.ndim < 2 or predicted.shape[-1] != 3:
        raise DiffhpeError(
            f"poses and truth must both be (..., joints, 3), got {predicted.shape}"
            f" and {truth.shape}"
        )
