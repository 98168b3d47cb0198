"""Image sizes (width, height): comparing aspect ratios, and mapping pixels between sizes."""

import numpy as np
from numpy.typing import NDArray


def same_shape(size: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether two sizes (width, height) have the same ratio, up to a pixel of rounding."""
    (width, height), (other_width, other_height) = size, other
    across, down = other_width / width, other_height / height
    return abs(other_width - width * down) <= 1 or abs(other_height - height * across) <= 1


def is_of_stored(size: tuple[int, int], shown: tuple[int, int], stored: tuple[int, int]) -> bool:
    """Whether a calibration is for a video's stored pixels, not for the shown square ones.

    Args:
        size: width and height of the calibration.
        shown: width and height with square pixels.
        stored: width and height in the file.
    """
    return same_shape(size, stored) and not same_shape(size, shown)


def resizing(size: tuple[int, int], other: tuple[int, int]) -> NDArray[np.float64]:
    """(3, 3) map from pixels of an image of one size (width, height) to those of another size."""
    across, down = other[0] / size[0], other[1] / size[1]
    # Half a pixel: coordinates start at the first pixel's centre, resizing at its edge.
    return np.array([[across, 0, across / 2 - 0.5], [0, down, down / 2 - 0.5], [0, 0, 1]])
