"""The root's path over a window of frames, by robust weighted least squares."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.camera import CANONICAL_FOCAL
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.placement.place import Place
from diffhpe_ros.windows import RATE

Array = NDArray[np.float64]

MIN_JOINTS = 3
"""Of a frame that must be seen."""

_JOINT_M = 0.015
"""Standard deviation of a pose's joint to the side. Joints are 35 mm off and more, mostly in depth
and together; with this value the stated distances are as uncertain as they prove on validation."""
_RAY = 0.002
"""Standard deviation of a seen joint (X/Z), where the detector tells none: 2 px of 640."""
_SPEED = 2.0
"""m/s, standard deviation of the speed away from the camera. On validation anything from 1 m/s up
is alike for whole bodies, and 2 to 4 for half ones."""
_PASSES = 4
_MOST_UNCERTAIN = 0.5
"""Of the distance, one standard deviation: beyond it there is nothing to tell."""


def place_windows(
    poses: NDArray[Any],
    canonical: NDArray[Any],
    confidence: NDArray[Any],
    times_s: NDArray[Any] | None = None,
    covariance_2d: NDArray[Any] | None = None,
) -> Place:
    """Find the path of the root on which the poses of a window fit their image best.

    With the pose P_j and the ray (a, b) = (u, v) / 2.29 of joint j, the root R obeys two linear
    equations per joint and frame,

        a_j (P_z + R_z) = P_x + R_x        b_j (P_z + R_z) = P_y + R_y

    With c = a P_z - P_x and d = b P_z - P_y they read c = R_x - R_z a and d = R_y - R_z b: two
    straight lines that share their slope -R_z. The distance R_z, which a single frame tells badly,
    is a straight line in time over the window; R_x and R_y are found in each frame, which tells
    them well. Residuals are lengths at the joint and weighted by confidence and by their variance
    (of the pose and of the image, at that distance); those above one standard deviation count
    linearly only (Huber): limbs that were taken for each other pull little.

    The errors of a pose last longer than a window. Hence all frames together count as one, and
    the variance is that of one frame.

    Args:
        poses: (..., F, 17, 3) root-relative metres, optical frame.
        canonical: (..., F, 17, 2) canonical view, NaN where unseen.
        confidence: (..., F, 17); a joint at 0 or below, or not finite, is unseen.
        times_s: (..., F) of the frames; 50 Hz if not given.
        covariance_2d: (..., F, 17, 2, 2) of `canonical`, NaN where the detector tells none.

    Returns:
        The places; root in the type of `poses`. NaN in frames in which fewer than `MIN_JOINTS`
        joints are seen or the root or a seen joint would be behind the camera, and for windows
        whose distance cannot be told, since all joints lie on one ray or too far away.

    Raises:
        DiffhpeError: the shapes do not belong together.
    """
    _check(poses, canonical, confidence)
    frames = poses.shape[-3]
    times = np.arange(frames) / RATE if times_s is None else np.asarray(times_s, np.float64)
    seen = _Seen.of(poses, canonical, confidence, covariance_2d)
    steps = np.stack([np.ones_like(times), times - times.mean(-1, keepdims=True)], -1)
    with np.errstate(all="ignore"):
        fit = _fit(seen, steps, seen.weights / _JOINT_M**2)
        for _ in range(_PASSES - 1):
            fit = _fit(seen, steps, _reweighted(seen, fit))
        root = np.concatenate([fit.across, fit.distance[..., None]], -1)
        depth = seen.pose[..., 2] + fit.distance[..., None]
        told = (root[..., 2] > 0) & ((depth > 0) | (seen.weights == 0)).all(-1)
        told &= (seen.weights > 0).sum(-1) >= MIN_JOINTS
        told &= fit.variance < (_MOST_UNCERTAIN * fit.distance) ** 2
    root = np.where(told[..., None], root, np.nan)
    ray = np.concatenate([fit.ray, np.ones_like(root[..., :1])], -1)
    return Place(root.astype(np.result_type(poses, np.float32)), ray, fit.variance)


def place_root(
    poses: NDArray[Any], canonical: NDArray[Any], confidence: NDArray[Any]
) -> NDArray[Any]:
    """The root (..., F, 3) of windows at 50 Hz, for which see `place_windows`."""
    return place_windows(poses, canonical, confidence).root


@dataclass(frozen=True, eq=False)
class _Seen:
    """The seen joints; zeros for all others."""

    pose: Array
    """(..., F, 17, 3)."""
    rays: Array
    """(..., F, 17, 2) as X/Z and Y/Z."""
    weights: Array
    """(..., F, 17): confidence."""
    ray_variance: Array
    """(..., F, 17)."""

    @classmethod
    def of(
        cls,
        poses: NDArray[Any],
        canonical: NDArray[Any],
        confidence: NDArray[Any],
        covariance_2d: NDArray[Any] | None,
    ) -> "_Seen":
        seen = np.isfinite(canonical).all(-1) & np.isfinite(poses).all(-1)
        seen &= np.isfinite(confidence) & (confidence > 0)
        variance = np.full(seen.shape, _RAY**2)
        if covariance_2d is not None:
            told = np.trace(covariance_2d, axis1=-2, axis2=-1) / 2 / CANONICAL_FOCAL**2
            variance = np.where(np.isfinite(told), told, variance)
        return cls(
            pose=np.where(seen[..., None], poses, 0.0).astype(np.float64),
            rays=np.where(seen[..., None], canonical, 0.0).astype(np.float64) / CANONICAL_FOCAL,
            weights=np.where(seen, confidence, 0.0).astype(np.float64),
            ray_variance=variance.astype(np.float64),
        )


@dataclass(frozen=True, eq=False)
class _Fit:
    """A path and how well it fits."""

    across: Array
    """(..., F, 2) the root's x and y."""
    distance: Array
    """(..., F)."""
    variance: Array
    """(..., F) of the distance."""
    ray: Array
    """(..., F, 2) mean ray to the seen joints."""
    residuals: Array
    """(..., F, 17) metres at the joint."""


def _fit(seen: _Seen, steps: Array, weights: Array) -> _Fit:
    """The path for weights (..., F, 17) in 1/m²; steps (..., F, 2) are 1 and the time."""
    # Frames without anybody count for nothing, all others together as one.
    share = (weights / np.maximum(weights.sum(-1, keepdims=True), 1e-12))[..., None]
    lines = seen.rays * seen.pose[..., 2:] - seen.pose[..., :2]
    mean_ray, mean_line = ((share * each).sum(-2) for each in (seen.rays, lines))
    rays, lines = seen.rays - mean_ray[..., None, :], lines - mean_line[..., None, :]
    count = np.maximum((weights > 0).any(-1).sum(-1, keepdims=True), 1)
    spread = (weights[..., None] * rays**2).sum((-2, -1)) / count
    together = (weights[..., None] * rays * lines).sum((-2, -1)) / count
    information = np.einsum("...f,...fi,...fj->...ij", spread, steps, steps)
    information += np.diag([1e-12, _SPEED**-2])
    covariance = np.linalg.inv(information)
    towards = -np.einsum("...f,...fi->...i", together, steps)
    solution = np.einsum("...ij,...j->...i", covariance, towards)
    distance = np.einsum("...fi,...i->...f", steps, solution)
    return _Fit(
        across=mean_line + distance[..., None] * mean_ray,
        distance=distance,
        variance=np.einsum("...fi,...ij,...fj->...f", steps, covariance, steps),
        ray=mean_ray,
        residuals=np.linalg.norm(lines + distance[..., None, None] * rays, axis=-1),
    )


def _reweighted(seen: _Seen, fit: _Fit) -> Array:
    """Weights (..., F, 17) in 1/m² by confidence, variance, and Huber's rule."""
    depth = seen.pose[..., 2] + fit.distance[..., None]
    deviation = np.sqrt(_JOINT_M**2 + depth**2 * seen.ray_variance)
    huber = np.minimum(1.0, deviation / np.maximum(fit.residuals, 1e-9))
    return seen.weights * huber / deviation**2


def _check(poses: NDArray[Any], canonical: NDArray[Any], confidence: NDArray[Any]) -> None:
    if (
        poses.ndim < 3
        or poses.shape[-1] != 3
        or canonical.shape != (*poses.shape[:-1], 2)
        or confidence.shape != poses.shape[:-1]
    ):
        raise DiffhpeError(
            "poses (..., F, J, 3), canonical (..., F, J, 2) and confidence (..., F, J) are"
            f" expected, got {poses.shape}, {canonical.shape} and {confidence.shape}"
        )
