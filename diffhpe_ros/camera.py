"""A camera: between its pixels and the canonical view.

The canonical view is what the lifters see: undistorted rays u = 2.29·X/Z, v = 2.29·Y/Z, whatever
camera took the image. 2.29 is Human3.6M's focal length in its own screen normalisation.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import radians, tan
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lens import Lens

CANONICAL_FOCAL = 2.29

DEFAULT_FIELD_OF_VIEW = 60.0
"""Degrees across the longer image side, assumed where nothing is known about the camera.

Webcams, phones and robots' colour cameras have 55 to 75 degrees there. A guess that is wrong
scales every distance from the camera by tan(true / 2) / tan(guess / 2), 20 % at 70 degrees; joints
relative to the root suffer much less.
"""


@dataclass(frozen=True, eq=False)
class Camera:
    """Intrinsics and lens distortion of one camera at one image size.

    Attributes:
        width: image width in pixels.
        height: image height in pixels.
        matrix: (3, 3) float64, [[fx, 0, cx], [0, fy, cy], [0, 0, 1]] in pixels; the centre of the
            first pixel is at (0, 0), as in OpenCV and ROS.
        distortion: (n,) float64 coefficients in OpenCV's order; n = 4 or 5 for plumb_bob, 8, 12 or
            14 for rational_polynomial, 4 for equidistant (fisheye); the first two may have none.
        model: ROS's name of the distortion model.
        calibrated: False where the intrinsics are a guess from a field of view.

    Raises:
        DiffhpeError: a value makes no sense.
    """

    width: int
    height: int
    matrix: NDArray[np.float64]
    distortion: NDArray[np.float64]
    model: str = "plumb_bob"
    calibrated: bool = True
    _lens: Lens = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Check the values and keep read-only float64 copies of the arrays."""
        for name in ("matrix", "distortion"):
            try:
                array = np.array(getattr(self, name), dtype=np.float64)
            except (TypeError, ValueError):
                raise DiffhpeError(f"numbers are expected as the camera's {name}") from None
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        _check_size(self.width, self.height)
        _check_matrix(self.matrix)
        object.__setattr__(self, "_lens", Lens(self.matrix, self.distortion, self.model))

    @classmethod
    def from_field_of_view(
        cls, width: int, height: int, degrees: float = DEFAULT_FIELD_OF_VIEW
    ) -> Camera:
        """A camera without distortion that looks through the middle of the image.

        Args:
            width: image width in pixels.
            height: image height in pixels.
            degrees: the angle between the edges of the image across its longer side, whichever
                that is: a phone held upright has the same lens.

        Returns:
            The camera, with `calibrated` False.

        Raises:
            DiffhpeError: the size or the angle makes no sense.
        """
        _check_size(width, height)
        if not 1.0 <= degrees <= 170.0:
            raise DiffhpeError(f"a field of view of 1 to 170 degrees is expected, got {degrees:g}")
        focal = max(width, height) / 2 / tan(radians(degrees) / 2)
        matrix = [[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1]]
        return cls(width, height, np.array(matrix), np.zeros(0), calibrated=False)

    def scaled(self, width: int, height: int) -> Camera:
        """This camera for an image resized to another size of the same shape.

        Args:
            width: the other image's width in pixels.
            height: the other image's height in pixels.

        Returns:
            The camera with its matrix scaled; itself where the size is the same.

        Raises:
            DiffhpeError: the sides' ratio differs by more than a pixel of rounding: such an image
                was cropped or padded, and where cannot be known.
        """
        _check_size(width, height)
        if (width, height) == (self.width, self.height):
            return self
        if not same_shape((self.width, self.height), (width, height)):
            raise DiffhpeError(
                f"the camera was calibrated at {self.width}x{self.height}, the image is"
                f" {width}x{height}: the same ratio of the sides is expected"
            )
        return self.stretched(width, height)

    def stretched(self, width: int, height: int) -> Camera:
        """This camera for an image resized to another size, whatever its shape.

        Args:
            width: the other image's width in pixels.
            height: the other image's height in pixels.

        Raises:
            DiffhpeError: the size makes no sense.
        """
        _check_size(width, height)
        matrix = resizing((self.width, self.height), (width, height)) @ self.matrix
        return replace(self, width=width, height=height, matrix=matrix)

    def to_canonical(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """Pixels to the canonical view, lens distortion removed.

        Args:
            pixels: (..., 2) in pixels.

        Returns:
            (..., 2) canonical coordinates, NaN where the pixel is not finite or no ray in front
            of the camera leads to it; float32 for float32, else float64.
        """
        return _like(CANONICAL_FOCAL * self._lens.to_rays(_as_points(pixels)), pixels)

    def to_pixels(self, canonical: NDArray[Any]) -> NDArray[Any]:
        """The canonical view to pixels, lens distortion applied; the inverse of `to_canonical`.

        Args:
            canonical: (..., 2) canonical coordinates.

        Returns:
            (..., 2) in pixels, also outside the image; NaN where the input is not finite or so
            far off the axis that the distortion model folds back.
        """
        return _like(self._lens.to_pixels(_as_points(canonical) / CANONICAL_FOCAL), canonical)

    def covariance_to_canonical(
        self, covariance_px2: NDArray[Any], canonical: NDArray[Any]
    ) -> NDArray[Any]:
        """Covariances of pixel positions to the canonical view.

        Args:
            covariance_px2: (..., 2, 2) in square pixels.
            canonical: (..., 2) of what they are of; at those that are NaN, the lens is taken to
                stretch as in its middle.

        Returns:
            (..., 2, 2) in canonical units squared.
        """
        covariance = np.asarray(covariance_px2)
        if not self._lens.distorts:
            scale = CANONICAL_FOCAL / self._lens.focal
            return _like(covariance * np.outer(scale, scale), covariance_px2)
        rays = np.nan_to_num(_as_points(canonical)) / CANONICAL_FOCAL
        by_pixel = CANONICAL_FOCAL * np.linalg.inv(self._lens.derivatives(rays))
        return _like(by_pixel @ covariance @ by_pixel.swapaxes(-1, -2), covariance_px2)

    def project(self, points: NDArray[Any]) -> NDArray[Any]:
        """Points in the optical frame to pixels.

        Args:
            points: (..., 3) metres, x right, y down, z forward.

        Returns:
            (..., 2) in pixels; NaN where a point is not finite or not in front of the camera.
        """
        points = np.asarray(points)
        depth = np.where(points[..., 2:] > 0, points[..., 2:], np.nan)
        return self.to_pixels(CANONICAL_FOCAL * points[..., :2] / depth)


def same_shape(size: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether two sizes (width, height) have the same ratio, but for a pixel of rounding."""
    (width, height), (other_width, other_height) = size, other
    across, down = other_width / width, other_height / height
    return abs(other_width - width * down) <= 1 or abs(other_height - height * across) <= 1


def is_of_stored(size: tuple[int, int], shown: tuple[int, int], stored: tuple[int, int]) -> bool:
    """Whether a calibration at a size is for a video's oblong pixels, and not for the shown ones.

    Args:
        size: width and height that it was made at.
        shown: width and height with square pixels.
        stored: width and height in the file.
    """
    return same_shape(size, stored) and not same_shape(size, shown)


def resizing(size: tuple[int, int], other: tuple[int, int]) -> NDArray[np.float64]:
    """(3, 3), from pixels of an image of one size (width, height) to those of another size."""
    across, down = other[0] / size[0], other[1] / size[1]
    # Half a pixel: coordinates count from the first pixel's centre, resizing from its edge.
    return np.array([[across, 0, across / 2 - 0.5], [0, down, down / 2 - 0.5], [0, 0, 1]])


def _as_points(array: ArrayLike) -> NDArray[np.float64]:
    points = np.asarray(array, dtype=np.float64)
    if points.ndim == 0 or points.shape[-1] != 2:
        raise DiffhpeError(f"points of shape (..., 2) are expected, got {points.shape}")
    return points


def _like(result: NDArray[Any], given: ArrayLike) -> NDArray[Any]:
    """Give float32 back for float32, float64 for all else."""
    return result.astype(np.result_type(np.asarray(given), np.float32))


def _check_size(width: int, height: int) -> None:
    if width < 1 or height < 1:
        raise DiffhpeError(f"an image of at least 1x1 pixels is expected, got {width}x{height}")


def _check_matrix(matrix: NDArray[np.float64]) -> None:
    if matrix.shape != (3, 3) or not np.isfinite(matrix).all():
        raise DiffhpeError(f"a finite 3x3 camera matrix is expected, got {matrix.tolist()}")
    if matrix[0, 0] <= 0 or matrix[1, 1] <= 0:
        raise DiffhpeError(
            "positive focal lengths are expected in the camera matrix, got"
            f" fx = {matrix[0, 0]:g}, fy = {matrix[1, 1]:g}"
        )
    if matrix[0, 1] != 0 or matrix[1, 0] != 0 or matrix[2].tolist() != [0, 0, 1]:
        raise DiffhpeError(
            f"[[fx, 0, cx], [0, fy, cy], [0, 0, 1]] is expected as the camera matrix,"
            f" got {matrix.tolist()}"
        )
