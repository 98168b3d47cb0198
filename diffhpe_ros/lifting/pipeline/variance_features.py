"""Signs that a lifted pose is wrong, which need no truth.

Each is a logarithm: the standard deviation of the error grows as a power of what it is taken of.
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

Array = NDArray[np.float64]

NOISE_2D = 0.013
"""Standard deviation of the keypoints that models are trained and calibrated with, in sizes of the
person: where a detector says no more of a sure joint, this is assumed."""
_LEAST_M = 1e-3  # what lengths are raised by before logarithms, so that none is of 0


@dataclass(frozen=True)
class LiftedBatch:
    """Windows and what was found in them."""

    poses: NDArray[np.floating[Any]]
    """(B, L, 17, 3) metres in the camera frame, not made rigid."""
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
    def beside(self) -> Array:
        """(B, L, 17), metres between a joint and its ray where the pose fits best; NaN if unseen.

        Kept, since two signs need it and finding the root takes longer than all else here.
        """
        seen = self.seen
        root = localize_root(self.poses, self.x_2d, seen.astype(np.float64))
        joints = self.poses + root[:, :, None]
        depth = joints[..., 2:]
        with np.errstate(all="ignore"):
            apart = np.linalg.norm(joints[..., :2] - depth * self.x_2d / CANONICAL_FOCAL, axis=-1)
        return np.where(seen, apart, np.nan)


def signs(lifted: LiftedBatch) -> dict[str, Array]:
    """All of them by name, (B, L, 17); NaN where one cannot be told."""
    shape = lifted.x_2d.shape[:3]
    return {name: np.broadcast_to(sign(lifted), shape) for name, sign in VARIANCE_FEATURES.items()}


def bones(lifted: LiftedBatch) -> Array:
    """How much the window's bones change their length (equation 14), log metres."""
    return np.log(segment_std(lifted.poses) + _LEAST_M)[:, None, None]


def misses(lifted: LiftedBatch) -> Array:
    """How far the window's joints are beside their rays, log metres."""
    with np.errstate(invalid="ignore"):
        return np.log(_mean(lifted.beside, (1, 2)) + _LEAST_M)


def joint_misses(lifted: LiftedBatch) -> Array:
    """How far a joint is beside its rays, over the window, log metres."""
    squared = _mean(lifted.beside**2, (1,))
    with np.errstate(invalid="ignore"):
        return np.log(np.sqrt(squared) + 3 * _LEAST_M)


def ends(lifted: LiftedBatch) -> Array:
    """How near a frame is to an end of the window: 1 there, 0 in the middle, mostly near 0."""
    return np.linspace(-1, 1, lifted.x_2d.shape[1])[:, None] ** 4


def absence(lifted: LiftedBatch) -> Array:
    """For how many frames a joint has been, or will be, unseen, log of 1 and more."""
    seen, frames = lifted.seen, lifted.x_2d.shape[1]
    at = np.arange(frames)[:, None]
    before = np.maximum.accumulate(np.where(seen, at, -frames), 1)
    after = np.minimum.accumulate(np.where(seen, at, 2 * frames)[:, ::-1], 1)[:, ::-1]
    return np.log1p(np.minimum(at - before, after - at).clip(max=frames))


def noise(lifted: LiftedBatch) -> Array:
    """How much more uncertain a keypoint is than in training; log, 0 where no more or unseen.

    Where the detector gives no covariance, its variance is taken to be NOISE_2D² / confidence.
    """
    seen = lifted.seen
    shown = np.where(seen, np.moveaxis(lifted.x_2d, -1, 0).copy(), np.nan)  # (2, B, L, 17)
    with np.errstate(all="ignore"):
        low, high = np.fmin.reduce(shown, -1), np.fmax.reduce(shown, -1)
        size = _mean((high - low).max(0), (1,))[
            ..., None
        ]  # (B, 1, 1), as in `lifting.streaming.image_motion`
        u, v = lifted.covariance_2d[..., 0, 0], lifted.covariance_2d[..., 1, 1]
        stated = (u + v) / 2 / (size * NOISE_2D) ** 2
        variance = np.where(np.isfinite(stated), stated, 1 / lifted.confidence)
    variance = np.where(seen & np.isfinite(variance), variance, 1.0)
    return 0.5 * np.log(variance.clip(1, 1e4))


VARIANCE_FEATURES: Mapping[str, Callable[[LiftedBatch], Array]] = {
    "bones": bones,
    "misses": misses,
    "joint_misses": joint_misses,
    "ends": ends,
    "absence": absence,
    "noise": noise,
}


def _mean(values: Any, axes: tuple[int, ...]) -> Array:
    """Of what is not NaN, axes kept; NaN where all is."""
    known = np.isfinite(values)
    count = known.sum(axes, keepdims=True)
    total = np.where(known, values, 0.0).sum(axes, keepdims=True)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
