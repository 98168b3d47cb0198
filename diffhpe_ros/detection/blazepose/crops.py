"""Square image crops for the landmark network, and the map from each crop back to the image."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.camera import CANONICAL_FOCAL, Camera
from diffhpe_ros.detection.blazepose.regions import ENVELOPE_PER_SIZE, Region

Array = NDArray[np.float64]

_GRID = 33
"""Points along a side at which a rectified crop's source pixels are computed. Those in between are
interpolated linearly, which is exact to about 0.1 pixels of the crop."""
_WIDEST = 1.2
"""Largest tangent of the angle from the hips to the circle around the body. Beyond it, a person is
so near that a pinhole camera would stretch them, too."""
_STEP = 1e-3
_LEAST_AHEAD = 0.02


class Crop(Protocol):
    """A square crop of an image."""

    def cut(self, image_bgr: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The crop's pixels (side, side, 3), taken from an image (H, W, 3)."""

    def to_image(self, points: NDArray[Any]) -> Array:
        """Map points (K, 2) of the crop to pixels of the image."""

    def slopes(self, points: NDArray[Any]) -> Array:
        """Derivatives of `to_image` at points (K, 2); one (2, 2) where they are all the same."""

    @property
    def roll(self) -> Array:
        """(2, 2) rotation from the crop's axes to the image's."""


@dataclass(frozen=True, eq=False)
class FlatCrop:
    """A region cut out of the image as it is."""

    region: Region
    side: int

    @cached_property
    def _affine(self) -> Array:
        return self.region.to_image(self.side)

    def cut(self, image_bgr: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """See `Crop`."""
        crop = cv2.warpAffine(
            image_bgr,
            self._affine,
            (self.side, self.side),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return np.asarray(crop, np.uint8)

    def to_image(self, points: NDArray[Any]) -> Array:
        """See `Crop`."""
        return np.asarray(points @ self._affine[:, :2].T + self._affine[:, 2], np.float64)

    def slopes(self, points: NDArray[Any]) -> Array:
        """See `Crop`."""
        return self._affine[:, :2]

    @property
    def roll(self) -> Array:
        """See `Crop`."""
        turn = self._affine[:, :2]
        return np.asarray(turn / np.sqrt(abs(np.linalg.det(turn))), np.float64)


@dataclass(frozen=True, eq=False)
class RectifiedCrop:
    """A region as seen by a virtual pinhole camera that is turned towards the person.

    In it people are not stretched or bent, wherever they are in a wide-angle image. Two points are
    where they are in a flat crop: the hips, and the point on the circle around the body that sets
    the region's size.
    """

    camera: Camera
    centre: Array
    """(2,) pixels of the image."""
    axes: Array
    """(3, 3), rows: the crop's right, down and forward axes in the camera's frame."""
    half: float
    """Tangent of half the crop's field of view."""
    roll: Array
    side: int

    @classmethod
    def of(cls, region: Region, camera: Camera, side: int) -> "RectifiedCrop | None":
        """The crop of a region; None where the camera has no ray, or the person is too near."""
        up = np.array([math.sin(region.rotation), -math.cos(region.rotation)])
        ends = region.centre + np.outer([0.0, 1.0, -1.0], up * ENVELOPE_PER_SIZE * region.size)
        rays = _rays(camera, ends)
        if not np.isfinite(rays[0]).all():
            return None
        level = _level_axes(rays[0])
        above = rays[1]
        if not np.isfinite(above).all():  # beyond a fisheye's border: mirror the lower end
            above = 2 * (rays[0] @ rays[2]) * rays[0] - rays[2]
        right, down, ahead = level @ above
        size = math.hypot(right, down) / ahead if ahead > _LEAST_AHEAD else math.inf
        if not 0 < size < _WIDEST:
            return None
        turn = math.atan2(right, -down)
        cosine, sine = math.cos(turn), math.sin(turn)
        roll = np.array([[cosine, -sine], [sine, cosine]])
        axes = np.vstack([roll.T @ level[:2], level[2]])
        return cls(camera, region.centre, axes, size / (2 * ENVELOPE_PER_SIZE), roll, side)

    def cut(self, image_bgr: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """See `Crop`."""
        along = np.linspace(0, self.side - 1, _GRID)
        grid = np.stack(np.meshgrid(along, along), -1)
        known = self.to_image(grid.reshape(-1, 2)).reshape(_GRID, _GRID, 2)
        places = _between(_between(known, self.side).swapaxes(0, 1), self.side).swapaxes(0, 1)
        crop = cv2.remap(
            image_bgr,
            places[..., 0].astype(np.float32),
            places[..., 1].astype(np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return np.asarray(crop, np.uint8)

    def has_rays(self, points: NDArray[Any]) -> bool:
        """Whether the camera has a ray for all of the points (K, 2)."""
        return bool(np.isfinite(self._project(self._tangents(points))).all())

    def to_image(self, points: NDArray[Any]) -> Array:
        """See `Crop`. Where the camera has no ray, the map is extrapolated from the middle."""
        tangents = self._tangents(points)
        pixels = self._project(tangents)
        beyond = ~np.isfinite(pixels).all(-1)
        if beyond.any():
            pixels[beyond] = self.centre + tangents[beyond] @ self._slope.T
        return pixels

    def slopes(self, points: NDArray[Any]) -> Array:
        """See `Crop`."""
        tangents = self._tangents(points)
        steps = _STEP * np.array([[[0.0, 0.0]], [[1.0, 0.0]], [[0.0, 1.0]]])
        start, *ends = self._project((tangents + steps).reshape(-1, 2)).reshape(3, -1, 2)
        slopes = np.stack([(end - start) / _STEP for end in ends], -1)
        known = np.isfinite(slopes).all((-1, -2), keepdims=True)
        return np.where(known, slopes, self._slope) * (2 * self.half / self.side)

    def _tangents(self, points: NDArray[Any]) -> Array:
        """Points (K, 2) → tangents of their angles, right and down from the middle."""
        return np.asarray(points, np.float64) * (2 * self.half / self.side) - self.half

    @cached_property
    def _slope(self) -> Array:
        """(2, 2) image pixels per tangent, at the crop's middle."""
        start, *ends = self._project(_STEP * np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
        return np.stack([(end - start) / _STEP for end in ends], -1)

    def _project(self, tangents: Array) -> Array:
        """Tangents (K, 2) in the crop → image pixels, NaN where the camera has no such ray."""
        rays = np.column_stack([tangents, np.ones(len(tangents))]) @ self.axes
        ahead = rays[:, 2:] > _LEAST_AHEAD * np.linalg.norm(rays, axis=-1, keepdims=True)
        return self.camera.project(np.where(ahead, rays, np.nan))


def _rays(camera: Camera, pixels: Array) -> Array:
    """Unit rays (K, 3) of pixels (K, 2), NaN where the camera has none."""
    flat = camera.to_canonical(pixels) / CANONICAL_FOCAL
    rays = np.column_stack([flat, np.ones(len(flat))])
    return np.asarray(rays / np.linalg.norm(rays, axis=-1, keepdims=True), np.float64)


def _level_axes(ray: Array) -> Array:
    """(3, 3), rows: right, down, forward of a camera turned to a unit ray without roll."""
    right = np.array([ray[2], 0.0, -ray[0]]) / math.hypot(ray[2], ray[0])
    return np.stack([right, np.cross(ray, right), ray])


def _between(known: Array, side: int) -> Array:
    """Linear interpolation (grid, ...) → (side, ...).

    It is element-wise: a matrix product of this size would start BLAS's threads, which keep the
    cores busy while they wait.
    """
    place = np.linspace(0, _GRID - 1, side)
    low = np.minimum(place.astype(int), _GRID - 2)
    share = (place - low)[:, None, None]
    return np.asarray((1 - share) * known[low] + share * known[low + 1])
