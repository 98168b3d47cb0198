"""Capsules: all points within a radius of a line segment; with their positions' covariance."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_LEAST_M = 1e-9
_FEWEST_DIRECTIONS, _MOST_DIRECTIONS = 24, 600
_GOLDEN_ANGLE = np.pi * (3 - np.sqrt(5))


@dataclass(frozen=True, eq=False)
class Capsules:
    """K capsules; the two ends of a segment, 0 and 1, have independent motion and errors."""

    ends: Array
    """(K, 2, 3) metres."""
    radius: Array
    """(K,) metres."""
    covariance: Array
    """(K, 2, 3, 3) m², of the ends."""
    velocity: Array
    """(K, 2, 3) m/s, of the ends."""
    velocity_covariance: Array
    """(K, 2, 3, 3) m²/s²."""

    def moved_on(self, seconds: float) -> "Capsules":
        """The capsules at a later time, at constant velocity, with the covariance then."""
        return replace(
            self,
            ends=self.ends + seconds * self.velocity,
            covariance=self.covariance + seconds**2 * self.velocity_covariance,
        )


@dataclass(frozen=True)
class Closest:
    """The point of some capsules that is nearest to a given point."""

    position: Array
    """(3,) on the surface; the point itself if it is inside."""
    distance: float
    """Metres to the surface, 0 inside."""
    lower_bound: float
    """Metres; the distance is larger than this with the wanted probability."""
    approach_speed: float
    """m/s by which the distance shrinks; negative where it grows."""


def closest(
    capsules: Capsules, point: Array, sigmas: float, velocity: Array | None = None
) -> Closest:
    """The nearest of K capsules, at least one.

    The variance of a distance is that of the capsule's position along the line to the point.

    Args:
        capsules: in the point's frame.
        point: (3,) metres.
        sigmas: standard deviations between a distance and its lower bound. The bound is the lowest
            of all capsules, since a farther capsule may be less certain.
        velocity: (3,) m/s of the point; None if it does not move.
    """
    start, axis = capsules.ends[:, 0], capsules.ends[:, 1] - capsules.ends[:, 0]
    share = ((point - start) * axis).sum(-1) / np.maximum((axis**2).sum(-1), _LEAST_M)
    weights = np.stack([1 - share.clip(0, 1), share.clip(0, 1)], -1)
    foot = np.einsum("ke,kei->ki", weights, capsules.ends)
    apart = foot - point
    length = np.linalg.norm(apart, axis=-1)
    outwards = apart / np.maximum(length, _LEAST_M)[:, None]
    distance = np.maximum(length - capsules.radius, 0.0)
    variance = np.einsum("ki,ke,keij,kj->k", outwards, weights, capsules.covariance, outwards)
    bound = length - capsules.radius - sigmas * np.sqrt(variance)
    nearest = int(np.argmin(length - capsules.radius))
    relative = weights[nearest] @ capsules.velocity[nearest]
    if velocity is not None:
        relative = relative - velocity
    return Closest(
        position=point + distance[nearest] * outwards[nearest],
        distance=float(distance[nearest]),
        lower_bound=max(float(bound.min()), 0.0),
        approach_speed=-float(outwards[nearest] @ relative),
    )


def surface(capsules: Capsules, sigmas: float, spacing: float) -> Array:
    """Points on K capsules, inflated by a number of standard deviations of their position.

    An inflated end is the sum of a ball and an ellipsoid: its point with the normal n is
    r n + s Σ n / √(nᵀ Σ n) from the end. Large surfaces have wider gaps between the points, which
    bounds their number.

    Args:
        capsules: at least one.
        sigmas: s, at least 0.
        spacing: metres between the points.

    Returns:
        (N, 3) metres.
    """
    largest = capsules.radius + sigmas * np.sqrt(
        np.trace(capsules.covariance, axis1=-2, axis2=-1).max(-1)
    )
    reach = float(np.max(largest))
    axis = capsules.ends[:, 1] - capsules.ends[:, 0]
    longest = float(np.linalg.norm(axis, axis=-1).max())
    caps = _caps(capsules, axis, sigmas, _directions(4 * np.pi * (reach / spacing) ** 2))
    count = int(np.clip(np.ceil(2 * np.pi * reach / spacing), 8, 64))
    sides = _sides(capsules, axis, sigmas, count, int(np.ceil(longest / spacing)))
    return np.concatenate([caps.reshape(-1, 3), sides.reshape(-1, 3)])


def thin_out(points: Array, spacing: float) -> Array:
    """One point (M, 3) of (N, 3) for each non-empty cell of a grid, in the cells' order."""
    cells = np.floor(points / spacing).astype(np.int64)
    low = cells.min(0)
    sizes = cells.max(0) - low + 1
    keys = np.ravel_multi_index(tuple((cells - low).T), tuple(sizes))
    return np.asarray(points[np.unique(keys, return_index=True)[1]])


def _caps(capsules: Capsules, axis: Array, sigmas: float, directions: Array) -> Array:
    """(K, D, 3): for each direction the outermost point, which is at one of the ends."""
    at_end = (axis @ directions.T > 0).astype(np.int64)  # (K, D)
    rows = np.arange(len(axis))[:, None]
    ends: Array = capsules.ends[rows, at_end]
    normals = np.broadcast_to(directions, (*at_end.shape, 3))
    covariance = capsules.covariance[rows, at_end]
    return ends + _offset(normals, capsules.radius[:, None], covariance, sigmas)


def _sides(capsules: Capsules, axis: Array, sigmas: float, around: int, along: int) -> Array:
    """(K, along, around, 3): rings between the ends."""
    turn = np.arange(around) * (2 * np.pi / around)
    across, other = _perpendicular(axis)
    normals = np.cos(turn)[:, None] * across[:, None] + np.sin(turn)[:, None] * other[:, None]
    share = (np.arange(along) + 0.5)[:, None] / along
    weights = np.concatenate([1 - share, share], -1)
    centre = np.einsum("se,kei->ksi", weights, capsules.ends)
    covariance = np.einsum("se,keij->ksij", weights, capsules.covariance)
    offset = _offset(
        normals[:, None], capsules.radius[:, None, None], covariance[:, :, None], sigmas
    )
    return np.asarray(centre[:, :, None] + offset)


def _offset(normals: Array, radius: Array, covariance: Array, sigmas: float) -> Array:
    """The offset (..., 3) from a centre to the surface's point with the given normal."""
    spread = np.einsum("...ij,...j->...i", covariance, normals)
    deviation = np.sqrt(np.maximum((spread * normals).sum(-1), _LEAST_M**2))
    return np.asarray(radius[..., None] * normals + sigmas * spread / deviation[..., None])


def _directions(wanted: float) -> Array:
    """About `wanted` unit vectors (D, 3), evenly spread over the sphere (Fibonacci spiral)."""
    count = int(np.clip(np.ceil(wanted), _FEWEST_DIRECTIONS, _MOST_DIRECTIONS))
    z = 1 - (2 * np.arange(count) + 1) / count
    turn = np.arange(count) * _GOLDEN_ANGLE
    flat = np.sqrt(1 - z**2)
    return np.stack([flat * np.cos(turn), flat * np.sin(turn), z], -1)


def _perpendicular(axis: Array) -> tuple[Array, Array]:
    """Two unit vectors (K, 3) across each axis (K, 3) and each other; any two for an axis of 0."""
    length = np.linalg.norm(axis, axis=-1, keepdims=True)
    unit = np.where(length > _LEAST_M, axis / np.maximum(length, _LEAST_M), [1.0, 0.0, 0.0])
    across = np.cross(unit, np.eye(3)[np.abs(unit).argmin(-1)])
    across /= np.linalg.norm(across, axis=-1, keepdims=True)
    return across, np.cross(unit, across)
