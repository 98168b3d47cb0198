"""A lens so wide that people are stretched or bent at the border of its images."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.camera import CANONICAL_FOCAL, Camera
from diffhpe_ros.detection.blazepose.crops import FlatCrop, RectifiedCrop

_WIDE = np.tan(np.radians(40.0))
"""Of the angle from the axis to the middle of the image's left or upper border: people are not
stretched much by lenses that see less."""
_STRETCHED = 0.08
"""In sizes of a region: crops differ by less wherever somebody in a usual image is."""
_BODY = np.array([[x, y] for x in (-0.3, 0.0, 0.3) for y in (-0.4, 0.0, 0.4)])
"""Where in a region bodies are, in its sizes from the middle."""


class WideLens:
    """The lens of a camera, see `of`."""

    def __init__(self, camera: Camera) -> None:
        self._camera = camera

    @classmethod
    def of(cls, camera: Camera) -> "WideLens | None":
        """The lens of a camera; None where it is a usual one."""
        middle = np.array([(camera.width - 1) / 2, (camera.height - 1) / 2])
        borders = np.array([[0.0, middle[1]], [middle[0], 0.0]])
        rays = camera.to_canonical(borders) / CANONICAL_FOCAL
        # Without a ray at the border, a fisheye's image ends before.
        wide = ~(np.linalg.norm(rays, axis=-1) < _WIDE)
        return cls(camera) if wide.any() else None

    def rectified(self, flat: FlatCrop) -> RectifiedCrop | None:
        """The rectified crop; None where it is about the same, or a part of the trunk has no ray.

        At the very border of a fisheye's image the network sees more in the flat crop.
        """
        crop = RectifiedCrop.of(flat.region, self._camera, flat.side)
        if crop is None or not crop.has_rays((0.5 + _BODY / 2) * flat.side):
            return None
        points: NDArray[Any] = (0.5 + _BODY) * flat.side
        apart = np.linalg.norm(crop.to_image(points) - flat.to_image(points), axis=-1).max()
        return crop if apart > _STRETCHED * flat.region.size else None
