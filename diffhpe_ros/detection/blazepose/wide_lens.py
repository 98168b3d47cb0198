"""Lenses so wide that people are stretched or bent near the border of the image."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.camera import CANONICAL_FOCAL, Camera
from diffhpe_ros.detection.blazepose.crops import FlatCrop, RectifiedCrop

_WIDE = np.tan(np.radians(40.0))
"""Tangent of the angle from the optical axis to the middle of the image's left or upper border.
Narrower lenses hardly stretch people."""
_STRETCHED = 0.08
"""In sizes of a region: with a usual lens, flat and rectified crops differ by less everywhere."""
_BODY = np.array([[x, y] for x in (-0.3, 0.0, 0.3) for y in (-0.4, 0.0, 0.4)])
"""Points of a region where the body is: offsets from its middle in sizes of the region."""


class WideLens:
    """A camera's wide lens; made by `of`."""

    def __init__(self, camera: Camera) -> None:
        self._camera = camera

    @classmethod
    def of(cls, camera: Camera) -> "WideLens | None":
        """The lens of a camera; None if it is not wide."""
        middle = np.array([(camera.width - 1) / 2, (camera.height - 1) / 2])
        borders = np.array([[0.0, middle[1]], [middle[0], 0.0]])
        rays = camera.to_canonical(borders) / CANONICAL_FOCAL
        # NaN counts as wide: a fisheye's image may end before the border and have no ray there.
        wide = ~(np.linalg.norm(rays, axis=-1) < _WIDE)
        return cls(camera) if wide.any() else None

    def rectified(self, flat: FlatCrop) -> RectifiedCrop | None:
        """The rectified crop; None where it is hardly different, or the trunk partly has no ray.

        In that last case, at the very border of a fisheye's image, the flat crop shows more.
        """
        crop = RectifiedCrop.of(flat.region, self._camera, flat.side)
        if crop is None or not crop.has_rays((0.5 + _BODY / 2) * flat.side):
            return None
        points: NDArray[Any] = (0.5 + _BODY) * flat.side
        apart = np.linalg.norm(crop.to_image(points) - flat.to_image(points), axis=-1).max()
        return crop if apart > _STRETCHED * flat.region.size else None
