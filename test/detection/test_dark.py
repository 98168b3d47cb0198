"""Dark images are brightened for the networks."""

import numpy as np

from diffhpe_ros.detection.blazepose.dark import brightened, is_dark
from diffhpe_ros.detection.blazepose.letterbox import Letterbox
from diffhpe_ros.detection.blazepose.search import Part


def scene(brightest: int) -> np.ndarray:
    """Brightness that increases from left to right."""
    ramp = np.linspace(0, brightest, 224).astype(np.uint8)
    return np.tile(ramp[None, :, None], (224, 1, 3))


def test_usual_image_is_not_dark_and_black_one_neither() -> None:
    assert is_dark(scene(20))
    assert not is_dark(scene(200)) and not is_dark(scene(0))


def test_dark_image_uses_all_brightness() -> None:
    bright = brightened(scene(20))
    assert 220 <= bright.max() <= 255
    assert bright.min() == 0


def test_noise_of_a_dark_image_is_smoothed() -> None:
    noise = np.random.default_rng(0).integers(10, 30, (224, 224, 3)).astype(np.uint8)
    bright = brightened(noise)
    assert bright.std() / bright.mean() < 0.5 * noise.std() / noise.mean()


def test_search_sees_the_mean_of_all_pixels_of_a_dark_image() -> None:
    noise = np.random.default_rng(0).integers(0, 30, (900, 1600, 3)).astype(np.uint8)
    view = Letterbox.of(noise, Part(0, 0, 1600, 900), 224)
    lit = view.image[60:160].astype(float)
    assert lit.mean() > 100
    assert lit.std() / lit.mean() < 0.15 * noise.std() / noise.mean()
    assert not view.image[:40].any() and not view.image[-40:].any()
