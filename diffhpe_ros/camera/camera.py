"""A camera: the map between its pixels and the canonical view.

The canonical view is the lifters' input: undistorted rays u = 2.29·X/Z, v = 2.29·Y/Z, whatever
camera took the image. 2.29 is Human3.6M's focal length in its own screen normalisation.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import radians, tan
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from diffhpe_ros.camera.image_size import resizing, same_shape
from diffhpe_ros.camera.lens import Lens
from diffhpe_ros.errors import DiffhpeError

CANONICAL_FOCAL = 2.29

DEFAULT_FIELD_OF_VIEW = 60.0
"""Degrees across the longer image side, assumed if nothing is known about the camera.

Webcams, phones and robots' colour cameras have 55 to 75 degrees. A wrong guess scales every
distance from the camera by tan(true / 2) / tan(guess / 2), 20 % at 70 degrees. Joints relative to
the root suffer much less.
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
    distortion: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    model: str = "plumb_bob"
    calibrated: bool = True
    _lens: Lens = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Check the values and keep read-only float64 copies of the arrays."""
        for name in ("matrix", "distortion"):
            try:
                array = np.array(getattr(self, name), dtype=np.float64)
            except (TypeError, ValueError):
                raise DiffhpeError(f"expected numbers for the camera's {name}") from None
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        _check_size(self.width, self.height)
        _check_matrix(self.matrix)
        object.__setattr__(self, "_lens", Lens(self.matrix, self.distortion, self.model))

    @classmethod
    def from_field_of_view(
        cls, width: int, height: int, degrees: float = DEFAULT_FIELD_OF_VIEW
    ) -> Camera:
        """A camera without distortion whose optical axis goes through the middle of the image.

        Args:
            width: image width in pixels.
            height: image height in pixels.
            degrees: the field of view across the longer side, whichever that is: a phone held
                upright has the same lens.

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
        """This camera for an image resized to another size of the same aspect ratio.

        Args:
            width: the other image's width in pixels.
            height: the other image's height in pixels.

        Returns:
            The camera with its matrix scaled; itself if the size is the same.

        Raises:
            DiffhpeError: the aspect ratio differs by more than a pixel of rounding: such an image
                was cropped or padded at an unknown place.
        """
        _check_size(width, height)
        if (width, height) == (self.width, self.height):
            return self
        if not same_shape((self.width, self.height), (width, height)):
            raise DiffhpeError(
                f"the camera was calibrated at {self.width}x{self.height}, the image is"
                f" {width}x{height}: the same aspect ratio is expected"
            )
        return self.stretched(width, height)

    def stretched(self, width: int, height: int) -> Camera:
        """This camera for an image resized to another size of any aspect ratio.

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
        """Map pixels to the canonical view, with lens distortion removed.

        Args:
            pixels: (..., 2) in pixels.

        Returns:
            (..., 2) canonical coordinates, NaN where the pixel is not finite or no ray in front
            of the camera leads to it; float32 for float32, else float64.
        """
        return _like(CANONICAL_FOCAL * self._lens.to_rays(_as_points(pixels)), pixels)

    def to_pixels(self, canonical: NDArray[Any]) -> NDArray[Any]:
        """Map the canonical view to pixels, with lens distortion; the inverse of `to_canonical`.

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
        """Map covariances of pixel positions to the canonical view.

        Args:
            covariance_px2: (..., 2, 2) in square pixels.
            canonical: (..., 2) canonical coordinates of the points; where they are NaN, the scale
                at the lens's middle is used.

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
        """Project points in the optical frame to pixels.

        Args:
            points: (..., 3) metres, x right, y down, z forward.

        Returns:
            (..., 2) in pixels; NaN where a point is not finite or not in front of the camera.
        """
        points = np.asarray(points)
        depth = np.where(points[..., 2:] > 0, points[..., 2:], np.nan)
        return self.to_pixels(CANONICAL_FOCAL * points[..., :2] / depth)


def _as_points(array: ArrayLike) -> NDArray[np.float64]:
    points = np.asarray(array, dtype=np.float64)
    if points.ndim == 0 or points.shape[-1] != 2:
        raise DiffhpeError(f"points of shape (..., 2) are expected, got {points.shape}")
    return points


def _like(result: NDArray[Any], given: ArrayLike) -> NDArray[Any]:
    """Return float32 for float32, and float64 for everything else."""
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
