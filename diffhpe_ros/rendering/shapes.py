"""Signed distances to round cones and ellipsoids, from many points to many shapes at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Vector = Sequence[float] | NDArray[Any]


@dataclass(frozen=True)
class Cone:
    """A rounded cone: all points within a radius of a segment; the radius changes along it."""

    start: Vector
    end: Vector
    start_radius: float
    end_radius: float


@dataclass(frozen=True)
class Ellipsoid:
    """An ellipsoid; the rows of `axes` are the directions of its `radii`."""

    centre: Vector
    radii: Vector
    axes: NDArray[Any]


class Cones:
    """M round cones, prepared for many points."""

    def __init__(self, cones: Sequence[Cone]):
        self.start = np.array([c.start for c in cones], np.float32).reshape(-1, 3)
        self.along = np.array([c.end for c in cones], np.float32).reshape(-1, 3) - self.start
        self.radius = np.array([c.start_radius for c in cones], np.float32)
        self.growth = np.array([c.end_radius for c in cones], np.float32) - self.radius
        self._square = np.maximum((self.along**2).sum(1), 1e-9)
        self._offset = (self.start * self.along).sum(1)
        self._start_square = (self.start**2).sum(1)

    def distances(self, points: Floats) -> Floats:
        """Signed distances (N, M) of points (N, 3), metres; exact where a cone is a capsule."""
        projected = points @ self.along.T - self._offset
        squared = (points**2).sum(1)[:, None] - 2 * (points @ self.start.T) + self._start_square
        share = np.clip(projected / self._square, 0, 1)
        squared += share * (share * self._square - 2 * projected)
        return np.sqrt(np.maximum(squared, 0)) - (self.radius + share * self.growth)


class Ellipsoids:
    """E ellipsoids, prepared for many points."""

    def __init__(self, ellipsoids: Sequence[Ellipsoid]):
        radii = np.array([e.radii for e in ellipsoids], np.float32).reshape(-1, 3)
        axes = np.array([e.axes for e in ellipsoids], np.float32).reshape(-1, 3, 3)
        centre = np.array([e.centre for e in ellipsoids], np.float32).reshape(-1, 3)
        to_unit = axes / radii[:, :, None]
        self._matrix = to_unit.reshape(-1, 3).T.copy()
        self._offset = np.einsum("eij,ej->ei", to_unit, centre)
        self._inverse = 1 / radii

    def distances(self, points: Floats) -> Floats:
        """Signed distances (N, E) of points (N, 3), metres; first order, good near the surface."""
        local = (points @ self._matrix).reshape(len(points), -1, 3) - self._offset
        scaled = np.sqrt((local**2).sum(-1))
        gradient = np.sqrt(((local * self._inverse) ** 2).sum(-1))
        result: Floats = scaled * (scaled - 1) / np.maximum(gradient, 1e-6)
        return result


class Blend:
    """The smooth union of some shapes.

    Args:
        shapes: cones and ellipsoids.
        softness: distance over which neighbouring shapes blend into each other, metres.
    """

    def __init__(self, shapes: Sequence[Cone | Ellipsoid], softness: float):
        self._cones = Cones([s for s in shapes if isinstance(s, Cone)])
        self._ellipsoids = Ellipsoids([s for s in shapes if isinstance(s, Ellipsoid)])
        self._softness = softness
        corners = [_corners(shape) for shape in shapes]
        self.low = np.min([low for low, _ in corners], 0).astype(np.float32)
        self.high = np.max([high for _, high in corners], 0).astype(np.float32)
        """Opposite corners (3,) of a box around all shapes."""

    def distance(self, points: Floats) -> Floats:
        """Signed distance (N,) of points (N, 3), metres.

        Points far from the box get a lower bound of the distance: enough for marching a ray.
        """
        outside = np.maximum(np.maximum(self.low - points, points - self.high), 0)
        result = np.sqrt((outside**2).sum(1))
        near = np.flatnonzero(result < 0.1)
        result -= 0.04
        if len(near):
            result[near] = self._exact(points[near])
        return np.asarray(result, np.float32)

    def _exact(self, points: Floats) -> Floats:
        each = np.concatenate(
            [self._cones.distances(points), self._ellipsoids.distances(points)], axis=1
        )
        least: Floats = each.min(1)
        each -= least[:, None]
        each *= -1 / self._softness
        softened: Floats = np.float32(self._softness) * np.log(np.exp(each, out=each).sum(1))
        return least - softened


def _corners(shape: Cone | Ellipsoid) -> tuple[NDArray[Any], NDArray[Any]]:
    if isinstance(shape, Ellipsoid):
        centre, reach = np.asarray(shape.centre), max(shape.radii)
        return centre - reach, centre + reach
    start, end = np.asarray(shape.start), np.asarray(shape.end)
    low = np.minimum(start - shape.start_radius, end - shape.end_radius)
    return low, np.maximum(start + shape.start_radius, end + shape.end_radius)
