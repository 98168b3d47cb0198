"""Brightening dark images to the brightness that the networks were trained on."""

import cv2
import numpy as np
from numpy.typing import NDArray

_DARK, _BRIGHT = 36, 230
"""Brightness (of 255) up to which an image is brightened, and the brightness that it then gets.
Darker images are mostly noise: with 1/128 of the light nobody is found in them as they are.
Brighter images gain nothing (`bench/image_conditions.py`)."""
_BRIGHTEST = 0.99
_STEP = 8
_SOFT_PX = 1.0


def is_dark(image_bgr: NDArray[np.uint8]) -> bool:
    """Whether an image (S, S, 3) should be brightened."""
    return 0 < _brightest(image_bgr) <= _DARK


def brightened(image_bgr: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A brightened copy of a dark image (S, S, 3), with its noise smoothed."""
    soft = cv2.GaussianBlur(image_bgr, (0, 0), _SOFT_PX)
    gain = _BRIGHT / max(_brightest(image_bgr), 1)
    return np.asarray(cv2.convertScaleAbs(soft, alpha=gain), np.uint8)


def _brightest(image_bgr: NDArray[np.uint8]) -> int:
    levels = np.sort(image_bgr[::_STEP, ::_STEP].max(-1), axis=None)
    return int(levels[int(_BRIGHTEST * (len(levels) - 1))])
