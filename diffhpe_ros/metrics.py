"""Errors of poses against ground truth, in the unit of the input."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.errors import DiffhpeError

Poses = NDArray[Any]
"""(..., joints, 3), root-relative; (..., frames, joints, 3) for metrics over time."""


def joint_errors(predicted: Poses, truth: Poses) -> NDArray[np.float64]:
    """Distance of each joint from its truth.

    Args:
        predicted: (..., joints, 3).
        truth: the same shape.

    Returns:
        (..., joints).

    Raises:
        DiffhpeError: the shapes differ.
    """
    _check(predicted, truth)
    errors: NDArray[np.float64] = np.linalg.norm(predicted.astype(np.float64) - truth, axis=-1)
    return errors


def mpjpe(predicted: Poses, truth: Poses) -> float:
    """Mean per joint position error (protocol 1): mean distance, root included.

    Args:
        predicted: (..., 17, 3), root-relative.
        truth: the same shape.

    Raises:
        DiffhpeError: the shapes differ.
    """
    return float(joint_errors(predicted, truth).mean())


def p_mpjpe(predicted: Poses, truth: Poses) -> float:
    """MPJPE after the best similarity transform of each pose (protocol 2).

    Args:
        predicted: (..., 17, 3).
        truth: the same shape.

    Raises:
        DiffhpeError: the shapes differ.
    """
    return mpjpe(best_similarity(predicted, truth), truth)


def n_mpjpe(predicted: Poses, truth: Poses) -> float:
    """MPJPE after the best scale of each pose (N-MPJPE of Rhodin et al., CVPR 2018).

    Args:
        predicted: (..., 17, 3), root-relative.
        truth: the same shape.

    Raises:
        DiffhpeError: the shapes differ.
    """
    return mpjpe(best_scale(predicted, truth), truth)


def best_similarity(predicted: Poses, truth: Poses) -> NDArray[np.float64]:
    """Rotate, scale and move each pose, without mirroring, as close as possible to its truth.

    This minimises the sum of squared distances (Kabsch and Umeyama).

    Args:
        predicted: (..., joints, 3).
        truth: the same shape.

    Returns:
        (..., joints, 3).

    Raises:
        DiffhpeError: the shapes differ.
    """
    _check(predicted, truth)
    x, y = predicted.astype(np.float64), truth.astype(np.float64)
    x_mean, y_mean = x.mean(-2, keepdims=True), y.mean(-2, keepdims=True)
    x, y = x - x_mean, y - y_mean
    u, s, vt = np.linalg.svd(np.swapaxes(x, -1, -2) @ y)
    handed = np.sign(np.linalg.det(u @ vt))
    u[..., -1] *= handed[..., None]
    s[..., -1] *= handed
    scale = s.sum(-1) / _size(x)
    aligned: NDArray[np.float64] = scale[..., None, None] * x @ (u @ vt) + y_mean
    return aligned


def best_scale(predicted: Poses, truth: Poses) -> NDArray[np.float64]:
    """Scale each pose about its root as close as possible to its truth.

    Args:
        predicted: (..., joints, 3), root-relative.
        truth: the same shape.

    Returns:
        (..., joints, 3).

    Raises:
        DiffhpeError: the shapes differ.
    """
    _check(predicted, truth)
    x, y = predicted.astype(np.float64), truth.astype(np.float64)
    scale = (x * y).sum((-2, -1)) / _size(x)
    scaled: NDArray[np.float64] = scale[..., None, None] * x
    return scaled


def velocity_errors(predicted: Poses, truth: Poses) -> NDArray[np.float64]:
    """Difference of each joint's step to the next frame from the true step.

    Its mean is the MPJVE of Pavllo et al. (CVPR 2019).

    Args:
        predicted: (..., L, joints, 3), consecutive frames.
        truth: the same shape.

    Returns:
        (..., L-1, joints), units per frame.

    Raises:
        DiffhpeError: the shapes differ, or there are no two frames.
    """
    return _change_errors(predicted, truth, 1)


def acceleration_errors(predicted: Poses, truth: Poses) -> NDArray[np.float64]:
    """Difference of each joint's acceleration from the true one, a measure of jitter.

    Its mean is the acceleration error of VIBE (Kocabas et al., CVPR 2020),

        1/((L-2)·17) Σ_t Σ_j ‖ (p[t-1] - 2 p[t] + p[t+1]) - (q[t-1] - 2 q[t] + q[t+1]) ‖

    for poses p with truth q. It grows with the square of the time between frames: compare only at
    equal frame rates.

    Args:
        predicted: (..., L, joints, 3), consecutive frames.
        truth: the same shape.

    Returns:
        (..., L-2, joints), units per frame squared.

    Raises:
        DiffhpeError: the shapes differ, or there are no three frames.
    """
    return _change_errors(predicted, truth, 2)


def _change_errors(predicted: Poses, truth: Poses, order: int) -> NDArray[np.float64]:
    _check(predicted, truth)
    if predicted.ndim < 3 or predicted.shape[-3] <= order:
        raise DiffhpeError(
            f"poses of more than {order} frames, (..., L, joints, 3), are expected,"
            f" got {predicted.shape}"
        )
    return joint_errors(
        np.diff(predicted.astype(np.float64), order, axis=-3),
        np.diff(truth.astype(np.float64), order, axis=-3),
    )


def _size(poses: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum of squares (...); 1 for a pose that is a single point and cannot be scaled."""
    size = (poses**2).sum((-2, -1))
    return np.where(size > 0, size, 1.0)


def _check(predicted: Poses, truth: Poses) -> None:
    if predicted.shape != truth.shape or predicted.ndim < 2 or predicted.shape[-1] != 3:
        raise DiffhpeError(
            f"poses and truth must both be (..., joints, 3), got {predicted.shape}"
            f" and {truth.shape}"
        )
