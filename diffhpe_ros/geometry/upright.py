"""Upright frames of a camera whose direction against gravity is known."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

LEVEL = np.array([0.0, -1.0, 0.0])
"""Against gravity in the optical frame of a level camera."""

_STRAIGHT = 0.1
"""Sine of the angle between the optical axis and the vertical below which forward is where the top
of the image points: the axis itself says it no more."""


def upright_axes(up: NDArray[Any]) -> NDArray[np.float64]:
    """Axes (columns of (3, 3), optical frame) of the frame with x forward, y left and z up.

    Args:
        up: (3,) unit vector against gravity in the optical frame.
    """
    z = np.asarray(up, np.float64) / np.linalg.norm(up)
    for ahead in (np.array([0.0, 0.0, 1.0]), np.array([0.0, -1.0, 0.0])):
        level = ahead - (ahead @ z) * z
        if (length := np.linalg.norm(level)) > _STRAIGHT:
            break
    x = level / length
    return np.stack([x, np.cross(z, x), z], -1)


def levelling(up: NDArray[Any]) -> NDArray[np.float64]:
    """Rotation (3, 3) from the optical frame to that of a level camera in the same place.

    Args:
        up: (3,) unit vector against gravity in the optical frame.
    """
    x, y, z = upright_axes(up).T
    return np.stack([-y, -z, x])


def up_of_tilt(degrees: float) -> NDArray[np.float64]:
    """The direction (3,) against gravity in the optical frame of a camera that looks down by it."""
    tilt = np.radians(degrees)
    return np.array([0.0, -np.cos(tilt), -np.sin(tilt)])


def tilt_deg(up: NDArray[Any]) -> tuple[float, float]:
    """By how many degrees a camera looks down, and is rolled clockwise.

    Args:
        up: (3,) unit vector against gravity in the optical frame.
    """
    x, y, z = (float(value) for value in up)
    return float(np.degrees(np.arctan2(-z, np.hypot(x, y)))), float(np.degrees(np.arctan2(-x, -y)))
