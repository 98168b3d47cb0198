"""Parts of images in a square, and the inverse mapping."""

import numpy as np

from diffhpe_ros.detection.blazepose.letterbox import Letterbox
from diffhpe_ros.detection.blazepose.search import Part

IMAGE = np.zeros((100, 400, 3), np.uint8)
IMAGE[40:60, 100:120] = 255  # its centre is at 109.5, 49.5


def bright(box: Letterbox) -> np.ndarray:
    """The centre of the bright area in the square, in image pixels."""
    y, x = np.nonzero(box.image[..., 0] > 127)
    return box.to_image(np.array([x.mean(), y.mean()]))


def test_wide_image_has_black_above_and_below():
    box = Letterbox.of(IMAGE + 50, Part(0, 0, 400, 100), 200)
    assert box.image.shape == (200, 200, 3)
    assert box.image[:74].max() == box.image[126:].max() == 0
    assert box.image[77:123].min() > 0


def test_points_of_the_square_go_back_to_the_image():
    for part in (Part(0, 0, 400, 100), Part(50, 0, 100, 100), Part(80, 20, 60, 80)):
        box = Letterbox.of(IMAGE, part, 200)
        np.testing.assert_allclose(bright(box), [109.5, 49.5], atol=1)
