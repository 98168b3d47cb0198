"""The overlay's background behind the joints."""

import numpy as np
import pytest

from diffhpe_ros.drawing import overlay_background
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.rendering.clip import walking_clip
from diffhpe_ros.video import VideoReader


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    with VideoReader(walking_clip().video_path) as video:
        return next(iter(video))[2]


def test_image_is_left_as_it_is(image):
    assert overlay_background(image, "image") is image


def test_none_holds_nothing_of_the_image(image):
    plain = overlay_background(image, "none")
    assert plain.shape == image.shape and np.ptp(plain) == 0


def test_blurred_image_holds_the_room_but_no_detail(image):
    """Nothing finer than 32 pixels of 640 is left: a face is smaller."""
    blurred = overlay_background(image, "blurred")
    assert blurred.shape == image.shape

    def power(picture: np.ndarray, period_px: int) -> tuple[float, float]:
        spectrum = np.abs(np.fft.fft2(picture.mean(-1)))[1:, 1:]
        rows, columns = (np.abs(np.fft.fftfreq(size))[1:] for size in picture.shape[:2])
        fine = np.hypot(rows[:, None], columns) > 1 / period_px
        return float((spectrum[fine] ** 2).sum()), float((spectrum[~fine] ** 2).sum())

    fine, coarse = power(image, 20)
    fine_left, coarse_left = power(blurred, 20)
    assert fine_left < 0.01 * fine
    assert coarse_left > 0.5 * coarse


def test_unknown_background_is_one_line(image):
    with pytest.raises(DiffhpeError, match="expected one of image, blurred, none"):
        overlay_background(image, "pixelated")
