"""The background for drawn joints: the image, or less of it if people must not be recognisable."""

import cv2
import numpy as np

from diffhpe_ros.drawing.style import Image
from diffhpe_ros.errors import unknown

BACKGROUNDS = ("image", "blurred", "none")
"""image: unchanged; blurred: shapes, but no faces of people at some distance; none: no image
pixel."""
_BLURRED_SIDE = 40
"""Pixels along the longer side of a blurred image. In it, the head of a person as tall as the image
has 4 pixels."""
_PLAIN = 30  # dark grey


def overlay_background(image: Image, background: str) -> Image:
    """The background, of the same size, that is made from an image (H, W, 3).

    A blurred image is averaged down to so few pixels that faces of people at some distance are
    lost. It is then enlarged again; nothing more can be restored from it.

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
