"""Colours and lines that all drawings share. Colours are BGR, from Okabe and Ito's palette.

Left is blue and right is orange, the two colours that colour-blind people distinguish best.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.skeleton import LEFT_JOINTS, NUM_JOINTS, RIGHT_JOINTS

Image = NDArray[np.uint8]
Colour = tuple[int, int, int]

LEFT, RIGHT, MIDDLE = (205, 120, 10), (20, 110, 235), (95, 95, 95)
WHITE, INK = (255, 255, 255), (45, 45, 45)

COLOURS: tuple[Colour, ...] = tuple(
    LEFT if joint in LEFT_JOINTS else RIGHT if joint in RIGHT_JOINTS else MIDDLE
    for joint in range(NUM_JOINTS)
)
"""Colour of each joint and of the bone that ends at it."""

_SHIFT = 4  # OpenCV takes points in sixteenths of a pixel


def line(image: Image, start: NDArray[Any], end: NDArray[Any], colour: Any, width: int) -> None:
    """Draw a smooth line between two points (2,), fractional pixels, in place."""
    a, b = _fixed(start), _fixed(end)
    cv2.line(image, a, b, colour, width, cv2.LINE_AA, _SHIFT)


def disc(image: Image, centre: NDArray[Any], radius: float, colour: Any) -> None:
    """Draw a smooth disc around a point (2,), fractional pixels, in place."""
    cv2.circle(image, _fixed(centre), round(radius * 16), colour, -1, cv2.LINE_AA, _SHIFT)


def write(image: Image, text: str, at: tuple[int, int], size: float, colour: Colour) -> None:
    """Write one line of text with its lower left corner at a pixel, in place."""
    width = max(1, round(size * 1.6))
    cv2.putText(image, text, at, cv2.FONT_HERSHEY_SIMPLEX, size, colour, width, cv2.LINE_AA)


def _fixed(point: NDArray[Any]) -> tuple[int, int]:
    """Fixed-point coordinates; far-away points are clipped, since OpenCV's would overflow."""
    x, y = np.clip(np.asarray(point, np.float64), -20000, 20000)
    return round(float(x) * 16), round(float(y) * 16)
