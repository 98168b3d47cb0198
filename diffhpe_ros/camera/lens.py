"""A lens: the map between the rays in front of a camera and its pixels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.errors import DiffhpeError

Array = NDArray[np.float64]

# The numbers of distortion coefficients that OpenCV supports for each ROS distortion model; 0 means
# an undistorted pinhole image.
_COEFFICIENTS = {
    "plumb_bob": (0, 4, 5),
    "rational_polynomial": (0, 8, 12, 14),
    "equidistant": (4,),
}
_NEWTON_STEPS = 30
_CONVERGED_PX = 1e-6
_ACCEPTED_PX = 1e-3
_CHUNK = 1 << 16  # points per OpenCV call; the derivatives take 240 bytes per point


@dataclass(frozen=True, eq=False)
class Lens:
    """Focal lengths, principal point and distortion.

    Attributes:
        matrix: (3, 3), see `camera.Camera`.
        distortion: (n,) see `camera.Camera`.
        model: ROS's name of the distortion model.

    Raises:
        DiffhpeError: the distortion makes no sense.
    """

    matrix: Array
    distortion: Array
    model: str

    def __post_init__(self) -> None:
        """Check the distortion."""
        _check_distortion(self.distortion, self.model)

    @property
    def focal(self) -> Array:
        """(2,) focal lengths in pixels."""
        return self.matrix[[0, 1], [0, 1]]

    @property
    def middle(self) -> Array:
        """(2,) the principal point in pixels."""
        return self.matrix[:2, 2]

    def to_rays(self, pixels: Array) -> Array:
        """Map pixels (..., 2) to rays (..., 2) as X/Z, Y/Z; NaN where no ray leads to the pixel."""
        if self.distorts:
            return _in_chunks(self._undistort, pixels)
        return (pixels - self.middle) / self.focal

    def to_pixels(self, rays: Array) -> Array:
        """Map rays (..., 2) as X/Z, Y/Z to pixels (..., 2), NaN where the model folds back."""
        if self.distorts:
            return _in_chunks(self._distort_or_nan, rays)
        return rays * self.focal + self.middle

    def derivatives(self, rays: Array) -> Array:
        """Derivatives (..., 2, 2) of pixels by rays (..., 2); the pixel axis is first.

        Args:
            rays: finite rays at which the distortion model does not fold back.
        """
        return self._distort(rays.reshape(-1, 2))[1].reshape(*rays.shape, 2)

    @property
    def distorts(self) -> bool:
        """Whether it is not a pinhole."""
        return self.model == "equidistant" or bool(self.distortion.any())

    def _distort(self, rays: Array) -> tuple[Array, Array]:
        """Map rays (N, 2) to pixels (N, 2) and their derivatives (N, 2, 2)."""
        import cv2  # here, so `ros2 launch` and `diffhpe --help` save a tenth of a second

        points = np.concatenate([rays, np.ones((len(rays), 1))], axis=1)[:, None]
        still = np.zeros(3)
        if self.model == "equidistant":
            pixels, derivatives = cv2.fisheye.projectPoints(
                points, still, still, self.matrix, self.distortion
            )
            by_translation = derivatives[:, 11:13]
        else:
            pixels, derivatives = cv2.projectPoints(
                points, still, still, self.matrix, self.distortion
            )
            by_translation = derivatives[:, 3:5]
        # At Z = 1, moving the camera's origin by dX moves the ray by dX.
        return (
            np.asarray(pixels, np.float64).reshape(-1, 2),
            np.asarray(by_translation, np.float64).reshape(-1, 2, 2),
        )

    def _distort_or_nan(self, rays: Array) -> Array:
        """Map rays (N, 2) to pixels (N, 2), NaN where the model folds back."""
        return np.where(self._before_fold(rays), self._distort(rays)[0], np.nan)

    def _before_fold(self, rays: Array) -> NDArray[np.bool_]:
        """(N, 1) whether the rays (N, 2) are within the valid range of the distortion model."""
        before: NDArray[np.bool_] = np.linalg.norm(rays, axis=-1, keepdims=True) < self._fold_radius
        return before

    @cached_property
    def _fold_radius(self) -> float:
        """Distance from the axis, as √(X²+Y²)/Z, up to which pixels move outwards with the ray.

        A polynomial fitted to the image bends back somewhere beyond it. Rays from there would be
        mapped to the same pixels as rays nearer to the axis.
        """
        radii = np.tan(np.radians(np.linspace(0, 89.9, 2000)))
        _, derivatives = self._distort(np.stack([radii, np.zeros_like(radii)], -1))
        folded = np.flatnonzero(derivatives[:, 0, 0] <= 0)
        return float(radii[folded[0]]) if len(folded) else float("inf")

    def _undistort(self, pixels: Array) -> Array:
        """Map pixels (N, 2) to rays (N, 2) by Newton's method on OpenCV's own distortion.

        cv2.undistortPoints uses a fixed-point iteration that diverges at wide angles, and its
        number of iterations differs between OpenCV versions.
        """
        rays = (pixels - self.middle) / self.focal
        with np.errstate(all="ignore"):
            for _ in range(_NEWTON_STEPS):
                reached, slope = self._distort(rays)
                missing = pixels - reached
                if not (np.abs(missing) > _CONVERGED_PX).any():
                    break
                rays = rays + _solve(slope, missing)
            missing = pixels - self._distort(rays)[0]
            found = (np.abs(missing) < _ACCEPTED_PX).all(-1, keepdims=True)
        return np.where(found & self._before_fold(rays), rays, np.nan)


def _solve(matrices: Array, values: Array) -> Array:
    """Solve (N, 2, 2) @ x = (N, 2); infinite or NaN, not an exception, where singular."""
    (a, b), (c, d) = matrices[:, 0].T, matrices[:, 1].T
    p, q = values.T
    solution: Array = np.stack([d * p - b * q, a * q - c * p], -1) / (a * d - b * c)[:, None]
    return solution


def _in_chunks(function: Callable[[Array], Array], points: Array) -> Array:
    """Apply (N, 2) → (N, 2) to the finite points of (..., 2), a bounded number at a time."""
    flat = points.reshape(-1, 2)
    known = np.flatnonzero(np.isfinite(flat).all(-1))
    out = np.full_like(flat, np.nan)
    for start in range(0, len(known), _CHUNK):
        rows = known[start : start + _CHUNK]
        out[rows] = function(flat[rows])
    return out.reshape(points.shape)


def _check_distortion(distortion: Array, model: str) -> None:
    if model not in _COEFFICIENTS:
        known = ", ".join(_COEFFICIENTS)
        raise DiffhpeError(f"unknown distortion model {model[:32]!r}; known: {known}")
    if distortion.ndim != 1 or distortion.size not in _COEFFICIENTS[model]:
        expected = " or ".join(map(str, _COEFFICIENTS[model]))
        hint = ""
        if model == "equidistant" and not distortion.size:
            hint = (
                ": use four zeros for an ideal fisheye, or plumb_bob without coefficients for no"
                " distortion"
            )
        raise DiffhpeError(
            f"distortion model {model} has {expected} coefficients, got {distortion.size}{hint}"
        )
    if not np.isfinite(distortion).all():
        raise DiffhpeError(f"finite distortion is expected, got {distortion.tolist()}")
