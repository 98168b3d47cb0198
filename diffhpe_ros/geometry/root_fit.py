"""The root trajectory of a window, by robust weighted least squares."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.camera import CANONICAL_FOCAL
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.geometry.root_trajectory import RootTrajectory
from diffhpe_ros.windows import RATE

Array = NDArray[np.float64]

MIN_JOINTS = 3
"""A frame with fewer seen joints has no root."""

_JOINT_M = 0.015
"""Sideways standard deviation of a pose's joints. Joints are off by 35 mm and more, mostly in depth
and in the same direction. With this value the stated uncertainty of distances matches the errors on
validation."""
_RAY = 0.002
"""Standard deviation of a seen joint (X/Z) if the detector gives none: 2 px of 640."""
_SPEED = 2.0
"""m/s, standard deviation of the speed away from the camera. On validation, any value from 1 m/s up
is equally good for whole bodies, and 2 to 4 m/s for half-seen ones."""
_PRIOR = np.diag([1e-12, _SPEED**-2])
"""Inverse covariance of distance and speed before the first observation."""
_PASSES = 4
_MOST_UNCERTAIN = 0.5
"""Largest relative standard deviation of a distance; above it, the root is NaN."""


def localize_windows(
    poses: NDArray[Any],
    canonical: NDArray[Any],
    confidence: NDArray[Any],
    times_s: NDArray[Any] | None = None,
    covariance_2d: NDArray[Any] | None = None,
) -> RootTrajectory:
    """Fit the root trajectory with which the poses of a window project onto their image.

    With the pose P_j and the ray (a, b) = (u, v) / 2.29 of joint j, the root R obeys two linear
    equations per joint and frame,

        a_j (P_z + R_z) = P_x + R_x        b_j (P_z + R_z) = P_y + R_y

    With c = a P_z - P_x and d = b P_z - P_y they read c = R_x - R_z a and d = R_y - R_z b: two
    straight lines with the same slope -R_z. A single frame determines the distance R_z poorly, so
    R_z is linear in time over the window. It determines R_x and R_y well, so they are fitted in
    each frame. Residuals are lengths at the joint, weighted by confidence and by their variance (of
    the pose and of the image, at that distance). Those above one standard deviation count only
    linearly (Huber), so swapped limbs have little influence.

    A pose's errors persist for longer than a window. So all frames together count as one, and the
    variance is that of one frame.

    Args:
        poses: (..., F, 17, 3) root-relative metres, optical frame.
        canonical: (..., F, 17, 2) canonical view, NaN where unseen.
        confidence: (..., F, 17); a joint at 0 or below, or not finite, is unseen.
        times_s: (..., F), the frames' times; 50 Hz if not given.
        covariance_2d: (..., F, 17, 2, 2), of `canonical`, NaN where the detector gives none.

    Returns:
        The trajectories, with the root in the dtype of `poses`. They are NaN in frames in which
        fewer than `MIN_JOINTS` joints are seen, or in which the root or a seen joint would be
        behind the camera. They are also NaN for windows of unknown distance: all joints on one ray,
        or too far away.

    Raises:
        DiffhpeError: the shapes do not match.
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
        variance = np.einsum("...fi,...ij,...fj->...f", steps, fit.covariance, steps)
        root = np.stack([*fit.across, fit.distance], -1)
        depth = seen.depth + fit.distance[..., None]
        known = (fit.distance > 0) & ((depth > 0) | (seen.weights == 0)).all(-1)
        known &= (seen.weights > 0).sum(-1) >= MIN_JOINTS
        known &= variance < (_MOST_UNCERTAIN * fit.distance) ** 2
    root = np.where(known[..., None], root, np.nan)
    ray = np.stack([*fit.ray, np.ones_like(fit.distance)], -1)
    return RootTrajectory(root.astype(np.result_type(poses, np.float32)), ray, variance)


def localize_root(
    poses: NDArray[Any], canonical: NDArray[Any], confidence: NDArray[Any]
) -> NDArray[Any]:
    """The root (..., F, 3) of windows at 50 Hz; see `localize_windows`."""
    return localize_windows(poses, canonical, confidence).root


@dataclass(frozen=True, eq=False)
class _Seen:
    """The seen joints; unseen ones are 0."""

    depth: Array
    """(..., F, 17), the pose's."""
    rays_and_lines: Array
    """(2, 2, ..., F, 17): a and b (X/Z and Y/Z), c and d. The short axes come first: computing
    along them is slow if they are last."""
    weights: Array
    """(..., F, 17): confidence."""
    ray_variance: Array
    """(..., F, 17)."""
    frames: NDArray[np.int64]
    """(..., 1) number of frames with a seen joint, at least 1."""

    @classmethod
    def of(
        cls,
        poses: NDArray[Any],
        canonical: NDArray[Any],
        confidence: NDArray[Any],
        covariance_2d: NDArray[Any] | None,
    ) -> "_Seen":
        pose = np.moveaxis(poses, -1, 0).astype(np.float64, order="C")
        rays = np.moveaxis(canonical, -1, 0).astype(np.float64, order="C") / CANONICAL_FOCAL
        seen = np.isfinite(rays).all(0) & np.isfinite(pose).all(0)
        seen &= np.isfinite(confidence) & (confidence > 0)
        rays, pose = np.where(seen, rays, 0.0), np.where(seen, pose, 0.0)
        variance = np.full(seen.shape, _RAY**2)
        if covariance_2d is not None:
            known = (covariance_2d[..., 0, 0] + covariance_2d[..., 1, 1]) / 2 / CANONICAL_FOCAL**2
            variance = np.where(np.isfinite(known), known, variance)
        return cls(
            depth=pose[2],
            rays_and_lines=np.stack([rays, rays * pose[2] - pose[:2]]),
            weights=np.where(seen, confidence, 0.0).astype(np.float64),
            ray_variance=variance.astype(np.float64),
            frames=np.maximum(seen.any(-1).sum(-1, keepdims=True), 1),
        )


@dataclass(frozen=True, eq=False)
class _Fit:
    """A trajectory and its residuals."""

    across: Array
    """(2, ..., F) the root's x and y."""
    distance: Array
    """(..., F)."""
    covariance: Array
    """(..., 2, 2), of the distance's two line parameters."""
    ray: Array
    """(2, ..., F) mean ray to the seen joints."""
    residuals: Array
    """(..., F, 17) metres at the joint, squared."""


def _fit(seen: _Seen, steps: Array, weights: Array) -> _Fit:
    """Fit a trajectory with weights (..., F, 17) in 1/m²; steps (..., F, 2) are 1 and the time."""
    # Frames without a seen joint do not count; all others together count as one.
    total = np.maximum(weights.sum(-1), 1e-12)
    mean = np.einsum("...j,kx...j->kx...", weights, seen.rays_and_lines) / total
    rays, lines = apart = seen.rays_and_lines - mean[..., None]
    spread, together = np.einsum("x...j,kx...j->k...", weights * rays, apart) / seen.frames
    turned = np.swapaxes(steps, -1, -2)
    covariance = np.linalg.inv((spread[..., None, :] * turned) @ steps + _PRIOR)
    distance = -(together[..., None, :] @ steps @ covariance @ turned)[..., 0, :]
    return _Fit(
        across=mean[1] + distance * mean[0],
        distance=distance,
        covariance=covariance,
        ray=mean[0],
        residuals=((lines + distance[..., None] * rays) ** 2).sum(0),
    )


def _reweighted(seen: _Seen, fit: _Fit) -> Array:
    """Weights (..., F, 17) in 1/m² from confidence, variance, and Huber's rule."""
    depth = seen.depth + fit.distance[..., None]
    variance = _JOINT_M**2 + depth**2 * seen.ray_variance
    huber = np.sqrt(np.minimum(1.0, variance / np.maximum(fit.residuals, 1e-18)))
    return seen.weights * huber / variance


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
