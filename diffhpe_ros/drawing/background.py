"""What joints are drawn on: the image, or less of it, where people are not to be recognised."""

import cv2
import numpy as np

from diffhpe_ros.drawing.style import Image
from diffhpe_ros.errors import unknown

BACKGROUNDS = ("image", "blurred", "none")
"""image: as it is; blurred: shapes, but no faces at some distance; none: no pixel of it."""
_BLURRED_SIDE = 40
"""Pixels of the longer side that are left of a blurred image. A person as tall as the image has a
head of 4 pixels then."""
_PLAIN = 30  # dark grey


def overlay_background(image: Image, background: str) -> Image:
    """What is left of an image (H, W, 3) to draw joints on, of the same size.

    A blurred image is averaged down to so few pixels that it holds no faces of people at some
    distance, and enlarged again: nothing more can be restored from it.

    Raises:
        DiffhpeError: the background is none of `BACKGROUNDS`.
    """
    if background not in BACKGROUNDS:
        raise unknown("overlay_background", background, BACKGROUNDS)
    if background == "image":
        return image
    if background == "none":
        return np.full_like(image, _PLAIN)
    height, width = image.shape[:2]
    scale = min(1.0, _BLURRED_SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)
