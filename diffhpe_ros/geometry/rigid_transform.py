"""Rotations and translations between coordinate frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class RigidTransform:
    """Transforms points from one frame to another; one transform, or many (...)."""

    rotation: NDArray[np.float64]
    """(..., 3, 3) axes of the old frame in the new one, as columns."""
    translation: NDArray[np.float64]
    """(..., 3) metres, origin of the old frame in the new one."""

    @classmethod
    def identity(cls) -> RigidTransform:
        """The transform from a frame to itself."""
        return cls(np.eye(3), np.zeros(3))

    @classmethod
    def from_quaternion(
        cls, translation: NDArray[np.float64], quaternion: NDArray[np.float64]
    ) -> RigidTransform:
        """From a translation (..., 3) and a unit quaternion (..., 4), x y z w, as in ROS."""
        return cls(rotation_matrix(quaternion), np.asarray(translation, np.float64))

    def __matmul__(self, first: RigidTransform) -> RigidTransform:
        """The transform that applies `first`, then this one."""
        return RigidTransform(self.rotation @ first.rotation, self.points(first.translation))

    def __getitem__(self, rows: Any) -> RigidTransform:
        """A selection of many transforms."""
        return RigidTransform(self.rotation[rows], self.translation[rows])

    def inverse(self) -> RigidTransform:
        """The inverse transform."""
        back = np.swapaxes(self.rotation, -1, -2)
        return RigidTransform(back, -(back @ self.translation[..., None])[..., 0])

    def points(self, points: NDArray[Any]) -> NDArray[np.float64]:
        """Points (..., 3) in the new frame."""
        return self.vectors(points) + self.translation

    def vectors(self, vectors: NDArray[Any]) -> NDArray[np.float64]:
        """Directions (..., 3) in the new frame: rotated only."""
        return np.asarray((self.rotation @ np.asarray(vectors, np.float64)[..., None])[..., 0])

    def covariances(self, covariances: NDArray[Any]) -> NDArray[np.float64]:
        """Covariances (..., 3, 3) of points in the new frame: R C Rᵀ."""
        return np.asarray(self.rotation @ covariances @ np.swapaxes(self.rotation, -1, -2))


def rotation_matrix(quaternion: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotation (..., 3, 3) of unit quaternions (..., 4), x y z w."""
    x, y, z, w = np.moveaxis(np.asarray(quaternion, np.float64), -1, 0)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, -1) for row in rows], -2)


def slerp(
    a: NDArray[np.float64], b: NDArray[np.float64], share: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Unit quaternions (..., 4) on the shortest path from a to b, at fractions (...) of it."""
    cosine = (a * b).sum(-1)
    b = np.where(cosine[..., None] < 0, -b, b)
    angle = np.arccos(np.minimum(np.abs(cosine), 1.0))
    sine = np.sin(angle)
    is_small = sine < 1e-6  # then linear interpolation is as accurate
    divisor = np.where(is_small, 1.0, sine)
    of_a = np.where(is_small, 1 - share, np.sin((1 - share) * angle) / divisor)
    of_b = np.where(is_small, share, np.sin(share * angle) / divisor)
    found = of_a[..., None] * a + of_b[..., None] * b
    return np.asarray(found / np.linalg.norm(found, axis=-1, keepdims=True))
