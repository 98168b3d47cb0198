"""The values that drivers write into `distortion_model` and `d`, and their meaning."""

import numpy as np
import pytest

from diffhpe_ros.camera.distortion_models import in_ros_terms

FIVE = [0.1, -0.2, 0.001, 0.002, 0.03]
EIGHT = [*FIVE, 0.3, 0.2, 0.1]


@pytest.mark.parametrize(
    ("name", "given", "model", "coefficients"),
    [
        ("plumb_bob", FIVE, "plumb_bob", FIVE),
        ("rational_polynomial", EIGHT, "rational_polynomial", EIGHT),
        ("equidistant", FIVE[:4], "equidistant", FIVE[:4]),
        ("", [], "plumb_bob", []),
        ("plumb_bob", EIGHT, "rational_polynomial", EIGHT),
        ("", [0.0] * 8, "rational_polynomial", [0.0] * 8),
        ("rational_polynomial", FIVE, "plumb_bob", FIVE),
        ("Brown Conrady", FIVE, "plumb_bob", FIVE),
        ("radtan", FIVE[:4], "plumb_bob", FIVE[:4]),
        ("plumb_bob", [*FIVE, 0.0], "plumb_bob", FIVE),
        ("plumb_bob", [0.0] * 6, "plumb_bob", []),
        ("none", [0.0] * 5, "plumb_bob", []),
        ("Inverse Brown Conrady", [0.0] * 5, "plumb_bob", []),
        ("fisheye", FIVE[:4], "equidistant", FIVE[:4]),
        ("KANNALA_BRANDT4", FIVE[:4], "equidistant", FIVE[:4]),
        ("equidistant", [*FIVE[:4], 0.0], "equidistant", FIVE[:4]),
    ],
)
def test_meaning_of_a_driver_is_taken(
    name: str, given: list[float], model: str, coefficients: list[float]
) -> None:
    found = in_ros_terms(name, np.array(given))
    assert (found[0], found[1].tolist()) == (model, coefficients)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("none", FIVE),
        ("Inverse Brown Conrady", FIVE),
        ("fov", [0.9]),
        ("equidistant", FIVE),
        ("plumb_bob", [0.1, 0.2]),
        ("plumb_bob", [*FIVE, 0.3]),
    ],
)
def test_what_has_no_evident_meaning_stays_as_it_is(name: str, given: list[float]) -> None:
    found = in_ros_terms(name, np.array(given))
    assert (found[0], found[1].tolist()) == (name, given)
