"""The floor below a camera whose height is known."""

import math

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.geometry.floor import Floor
from diffhpe_ros.pipeline.gravity import Gravity

GIVEN_SD = math.radians(1.0)
"""Standard deviation of an up direction that a user gives, in radians."""
LOWEST_M, HIGHEST_M = 0.1, 30.0
"""Plausible heights of a camera: others are in another unit, or have the wrong sign."""
SHORTEST_M, TALLEST_M = 0.6, 2.4
"""Plausible statures of a standing person."""

_HEIGHT_SD_M, _HEIGHT_SD_SHARE = 0.02, 0.01


def floor_below(gravity: Gravity, camera_height: float) -> Floor:
    """The floor in the optical frame of a camera.

    Args:
        gravity: gravity in that frame.
        camera_height: height above the floor, metres.
    """
    sd = math.hypot(_HEIGHT_SD_M, _HEIGHT_SD_SHARE * camera_height)
    return Floor(gravity.up, camera_height, gravity.sd, sd, gravity.source)


def check_lengths(camera_height: float | None, person_height: float | None) -> None:
    """Refuse lengths that are not in metres.

    Args:
        camera_height: height above the floor; None if it is not known.
        person_height: None if it is not known.

    Raises:
        DiffhpeError: a value is implausible.
    """
    for name, value, least, most in (
        ("camera_height", camera_height, LOWEST_M, HIGHEST_M),
        ("person_height", person_height, SHORTEST_M, TALLEST_M),
    ):
        if value is not None and not least <= value <= most:
            raise DiffhpeError(f"{name}: {least:g} to {most:g} metres are expected, got {value:g}")
