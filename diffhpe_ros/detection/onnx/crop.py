"""Cutting a person out of an image for a pose model."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

_MARGIN = 1.25
"""Boxes are enlarged by this factor, so hands and feet at the border keep some context."""


@dataclass(frozen=True, eq=False)
class BoxCrop:
    """A box of the image, scaled to a pose model's input."""

    image: NDArray[np.uint8]
    """(h, w, 3) BGR, black outside the image."""
    scale: float
    """Pixels of the image per pixel of the crop."""
    corner: NDArray[np.float64]
    """(2,) pixel of the image at the crop's (0, 0)."""

    @classmethod
    def around(cls, image_bgr: NDArray[np.uint8], box: NDArray[Any], w: int, h: int) -> "BoxCrop":
        """The box (4,) x0 y0 x1 y1 with a margin, extended around its centre to the ratio w:h."""
        box = np.asarray(box, np.float64)
        centre = (box[:2] + box[2:]) / 2
        scale = float(_MARGIN * ((box[2:] - box[:2]) / (w, h)).max())
        corner = centre - np.array([w, h]) * scale / 2
        to_image = np.column_stack([np.eye(2) * scale, corner])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        image = cv2.warpAffine(image_bgr, to_image, (w, h), flags=flags)
        return cls(np.asarray(image, np.uint8), scale, corner)

    def to_image(self, points: NDArray[Any]) -> NDArray[Any]:
        """Map points (..., 2) of the crop to pixels of the image."""
        return points * self.scale + self.corner
