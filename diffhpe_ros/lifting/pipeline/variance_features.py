"""Variance features: quantities that a pose's error grows with, computed without the truth.

Each is a logarithm: the standard deviation of the error grows as a power of the quantity.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.camera import CANONICAL_FOCAL
from diffhpe_ros.coherence import segment_std
from diffhpe_ros.geometry import localize_root
from diffhpe_ros.skeleton import JOINTS

Array = NDArray[np.float64]

NOISE_2D = 0.013
"""Standard deviation of the keypoints that models are trained and calibrated with, relative to the
person's size. It is assumed for a joint of confidence 1 whose detector gives no covariance."""
MOST_GROWTH = np.log(5.0)
"""Log of the largest factor by which all features, or the network, raise or lower a standard
deviation: they hold in the range that they were fitted to, not beyond."""
MOTION_FRAMES = 4
"""Frames over which motion is measured; over fewer, jitter would dominate."""
LEFT_SHOULDER, RIGHT_SHOULDER = JOINTS.index("LShoulder"), JOINTS.index("RShoulder")
_LEAST_M = 1e-3  # added to lengths before their logarithm, so that none is 0


@dataclass(frozen=True)
class LiftedBatch:
    """Windows and the poses that were lifted from them."""

    poses: NDArray[np.floating[Any]]
    """(B, L, 17, 3) metres in the camera frame, with bones of free length."""
    x_2d: Array
    """(B, L, 17, 2), canonical view."""
    confidence: Array
    """(B, L, 17), 0 where unseen."""
    covariance_2d: Array
    """(B, L, 17, 2, 2), NaN where unknown."""

    @cached_property
    def seen(self) -> NDArray[np.bool_]:
        """(B, L, 17)."""
        return np.asarray((self.x_2d != 0).any(-1))

    @cached_property
    def reprojection_residual(self) -> Array:
        """(B, L, 17), metres from a joint to its ray, for the best-fitting root; NaN if unseen.

        It is cached: two features need it, and fitting the root takes longer than all the rest
        here.
        """
        seen = self.seen
        root = localize_root(self.poses, self.x_2d, seen.astype(np.float64))
        joints = self.poses + root[:, :, None]
        depth = joints[..., 2:]
        with np.errstate(all="ignore"):
            apart = np.linalg.norm(joints[..., :2] - depth * self.x_2d / CANONICAL_FOCAL, axis=-1)
        return np.where(seen, apart, np.nan)

    @cached_property
    def keypoint_noise(self) -> Array:
        """(B, L, 17), log of how many times larger a standard deviation is than in training.

        It is 0 where it is not larger, and where the joint is unseen. Where the detector gives no
        covariance, its variance is assumed to be NOISE_2D² / confidence.
        """
        seen = self.seen
        shown = np.where(seen, np.moveaxis(self.x_2d, -1, 0).copy(), np.nan)  # (2, B, L, 17)
        with np.errstate(all="ignore"):
            low, high = np.fmin.reduce(shown, -1), np.fmax.reduce(shown, -1)
            # (B, 1, 1), as in `lifting.streaming.image_motion`
            size = _mean((high - low).max(0), (1,))[..., None]
            u, v = self.covariance_2d[..., 0, 0], self.covariance_2d[..., 1, 1]
            stated = (u + v) / 2 / (size * NOISE_2D) ** 2
            variance = np.where(np.isfinite(stated), stated, 1 / self.confidence)
        variance = np.where(seen & np.isfinite(variance), variance, 1.0)
        return 0.5 * np.log(variance.clip(1, 1e4))


def variance_features(lifted: LiftedBatch) -> dict[str, Array]:
    """All features by name, (B, L, 17); NaN where one cannot be computed."""
    shape = lifted.x_2d.shape[:3]
    return {
        name: np.broadcast_to(feature(lifted), shape) for name, feature in VARIANCE_FEATURES.items()
    }


def segment_variation(lifted: LiftedBatch) -> Array:
    """How much the window's bones change their length (equation 14), log metres."""
    return np.log(segment_std(lifted.poses) + _LEAST_M)[:, None, None]


def window_residual(lifted: LiftedBatch) -> Array:
    """Mean reprojection residual of the window's joints, log metres."""
    with np.errstate(invalid="ignore"):
        return np.log(_mean(lifted.reprojection_residual, (1, 2)) + _LEAST_M)


def joint_residual(lifted: LiftedBatch) -> Array:
    """Root mean square reprojection residual of a joint over the window, log metres."""
    squared = _mean(lifted.reprojection_residual**2, (1,))
    with np.errstate(invalid="ignore"):
        return np.log(np.sqrt(squared) + 3 * _LEAST_M)


def window_edge(lifted: LiftedBatch) -> Array:
    """How near a frame is to an end of the window: 1 there, 0 in the middle, mostly near 0."""
    return np.linspace(-1, 1, lifted.x_2d.shape[1])[:, None] ** 4


def frames_since_seen(lifted: LiftedBatch) -> Array:
    """Log of 1 plus the frames to the nearest one, before or after, in which the joint is seen."""
    seen, frames = lifted.seen, lifted.x_2d.shape[1]
    at = np.arange(frames)[:, None]
    before = np.maximum.accumulate(np.where(seen, at, -frames), 1)
    after = np.minimum.accumulate(np.where(seen, at, 2 * frames)[:, ::-1], 1)[:, ::-1]
    return np.log1p(np.minimum(at - before, after - at).clip(max=frames))


def unseen(lifted: LiftedBatch) -> Array:
    """1 where a joint is unseen, else 0."""
    return np.where(lifted.seen, 0.0, 1.0)


def keypoint_noise(lifted: LiftedBatch) -> Array:
    """How much more uncertain a keypoint is than in training: log, 0 if not more or if unseen."""
    return lifted.keypoint_noise


def window_noise(lifted: LiftedBatch) -> Array:
    """Mean keypoint noise of the window: noisy neighbours make a joint's estimate worse, too."""
    return lifted.keypoint_noise.mean((1, 2), keepdims=True)


def motion(lifted: LiftedBatch) -> Array:
    """How fast the joints move relative to the root, log metres per frame: motion shows depth."""
    frames = min(MOTION_FRAMES, lifted.poses.shape[1] - 1)
    ahead = lifted.poses[:, frames:] - lifted.poses[:, : lifted.poses.shape[1] - frames]
    speed = np.linalg.norm(ahead, axis=-1).mean((1, 2), keepdims=True) / max(1, frames)
    return np.log(speed + 2 * _LEAST_M)


def side_view(lifted: LiftedBatch) -> Array:
    """Share of the shoulder-to-shoulder line that is along the line of sight, 0 to 1."""
    ray = np.ones((*lifted.x_2d.shape[:1], 1, 3))
    ray[..., :2] = _mean(np.where(lifted.seen[..., None], lifted.x_2d, np.nan), (1, 2))[:, 0]
    ray[..., :2] /= CANONICAL_FOCAL
    shoulders = lifted.poses[:, :, LEFT_SHOULDER] - lifted.poses[:, :, RIGHT_SHOULDER]
    length = np.linalg.norm(shoulders, axis=-1) * np.linalg.norm(ray, axis=-1)
    return (np.abs((shoulders * ray).sum(-1)) / np.maximum(length, _LEAST_M))[..., None]


VARIANCE_FEATURES: Mapping[str, Callable[[LiftedBatch], Array]] = {
    "segment_variation": segment_variation,
    "window_residual": window_residual,
    "joint_residual": joint_residual,
    "window_edge": window_edge,
    "frames_since_seen": frames_since_seen,
    "unseen": unseen,
    "keypoint_noise": keypoint_noise,
    "window_noise": window_noise,
    "motion": motion,
    "side_view": side_view,
}


def _mean(values: Any, axes: tuple[int, ...]) -> Array:
    """Mean of all values that are not NaN, keeping the axes; NaN where all are NaN."""
    known = np.isfinite(values)
    count = known.sum(axes, keepdims=True)
    total = np.where(known, values, 0.0).sum(axes, keepdims=True)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
