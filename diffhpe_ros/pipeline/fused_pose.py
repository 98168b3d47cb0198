"""One person's pose from the sightings of several cameras at one time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.geometry.root_trajectory import SIZE_SD
from diffhpe_ros.skeleton import HIP

Array = NDArray[np.float64]

_CORRELATED = 2.0
"""Factor on the variance of a fused pose, compared with independent cameras: the same lifter makes
similar errors for each camera."""


@dataclass(frozen=True, eq=False)
class Sighting:
    """One person as seen by one camera, in a frame that all cameras share."""

    stamp_ns: int
    joints: Array
    """(17, 3) metres."""
    covariance: Array
    """(17, 3, 3) m², as in `LiftedPeople`."""
    velocity: Array
    """(17, 3) m/s."""
    velocity_covariance: Array
    """(17, 3, 3) m²/s², as in `LiftedPeople`."""
    confidence: Array
    """(17,)."""
    viewpoint: Array
    """(3,) metres, position of the camera."""
    coherence: Array
    """(3,) metres: symmetry gap, segment std, hypothesis spread."""

    def at(self, stamp_ns: int) -> "Sighting":
        """The person at another time, at constant velocity."""
        seconds = (stamp_ns - self.stamp_ns) / 1e9
        return replace(
            self,
            stamp_ns=stamp_ns,
            joints=self.joints + seconds * self.velocity,
            covariance=self.covariance + seconds**2 * self.velocity_covariance,
        )


def fuse(sightings: Sequence[Sighting]) -> Sighting:
    """Fuse one person's sightings; a single one is returned as it is.

    Hips are weighted by their covariances, which are long along each camera's line of sight, so
    together they triangulate. The distance of the fused Hip from a camera, compared with the
    camera's own estimate, gives the person's size. Poses are scaled by that size, and then
    weighted by their own covariances.

    Args:
        sightings: sightings of one person at one time, at least one.
    """
    if len(sightings) == 1:
        return sightings[0]
    joints, covariance, velocity, velocity_covariance, viewpoint = (
        np.stack([getattr(each, name) for each in sightings])
        for name in ("joints", "covariance", "velocity", "velocity_covariance", "viewpoint")
    )
    hip, hip_covariance = _weighted(joints[:, HIP], covariance[:, HIP])
    size = _size(joints[:, HIP] - viewpoint, hip - viewpoint, hip_covariance)
    poses = size * (joints - joints[:, [HIP]])
    pose, of_pose = _weighted(poses[:, HIP + 1 :], size**2 * covariance[:, HIP + 1 :])
    motion, of_motion = _weighted(_relative(velocity), velocity_covariance)
    motion[HIP + 1 :] += motion[HIP]
    return replace(
        sightings[0],
        joints=hip + np.concatenate([np.zeros((1, 3)), pose]),
        covariance=_CORRELATED * np.concatenate([hip_covariance[None], of_pose]),
        velocity=motion,
        velocity_covariance=_CORRELATED * of_motion,
        confidence=np.max([each.confidence for each in sightings], 0),
        coherence=np.mean([each.coherence for each in sightings], 0),
    )


def _relative(velocity: Array) -> Array:
    """Velocities (N, 17, 3) with all but the Hip's made relative to the Hip."""
    moved = velocity - velocity[:, [HIP]]
    moved[:, HIP] = velocity[:, HIP]
    return moved


def _weighted(values: Array, covariance: Array) -> tuple[Array, Array]:
    """Mean (..., 3) of (N, ..., 3), weighted by the inverse covariances, and its covariance."""
    weights = np.linalg.inv(covariance + 1e-9 * np.eye(3))
    together = np.linalg.inv(weights.sum(0))
    total = (weights @ values[..., None]).sum(0)
    return (together @ total)[..., 0], together


def _size(estimated: Array, found: Array, covariance: Array) -> float:
    """The person's size relative to the cameras' own estimates.

    Args:
        estimated: (N, 3) from each camera to its own estimate of the Hip.
        found: (N, 3) from each camera to the fused Hip.
        covariance: (3, 3) m², of the fused Hip.
    """
    distance = np.linalg.norm(found, axis=-1)
    ratio = float((distance / np.linalg.norm(estimated, axis=-1)).mean())
    sight = found / distance[:, None]
    along = np.einsum("ni,ij,nj->n", sight, covariance, sight)
    variance = _CORRELATED * float((along / distance**2).mean())
    return 1 + SIZE_SD**2 / (SIZE_SD**2 + variance) * (ratio - 1)
