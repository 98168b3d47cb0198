"""Scaling an image, or a part of it, into a network's square input."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.detection.blazepose.dark import brightened, is_dark
from diffhpe_ros.detection.blazepose.search import Part


@dataclass(frozen=True, eq=False)
class Letterbox:
    """A part of an image in the middle of a square."""

    image: NDArray[np.uint8]
    """(S, S, 3) BGR, black around the part; a copy, not a view of the image."""
    scale: float
    """Pixels of the square per pixel of the image."""
    shift: NDArray[np.float64]
    """(2,) x, y of the part's first pixel in the square."""
    corner: tuple[int, int]
    """x, y of the part's first pixel in the image."""

    @classmethod
    def of(cls, image_bgr: NDArray[np.uint8], part: Part, size: int) -> "Letterbox":
        """A part of an image (H, W, 3) in a square of `size` pixels a side."""
        cut = image_bgr[part.y : part.y + part.height, part.x : part.x + part.width]
        scale = size / max(part.height, part.width)
        shift = (np.array([size, size]) - np.array([part.width, part.height]) * scale) / 2
        to_square = np.column_stack([np.eye(2) * scale, shift])
        square = np.asarray(cv2.warpAffine(cut, to_square, (size, size)), np.uint8)
        if is_dark(square):
            square = brightened(_averaged(cut, square, scale, shift))
        return cls(square, scale, shift, (part.x, part.y))

    def to_image(self, points: NDArray[Any]) -> NDArray[np.float64]:
        """Map points (..., 2) of the square to pixels of the image."""
        return (points - self.shift) / self.scale + self.corner


def _averaged(
    cut: NDArray[np.uint8], square: NDArray[np.uint8], scale: float, shift: NDArray[Any]
) -> NDArray[np.uint8]:
    """Downscale by averaging all pixels of the part instead of sampling some: less noise."""
    left, top = np.ceil(shift).astype(int)
    averaged = square.copy()
    size = square.shape[1] - 2 * left, square.shape[0] - 2 * top
    inside = averaged[top : top + size[1], left : left + size[0]]
    inside[:] = cv2.resize(cut, size, interpolation=cv2.INTER_AREA)
    return averaged
