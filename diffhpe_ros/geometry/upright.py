"""Upright frames of a camera for which the direction against gravity is known."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.errors import DiffhpeError

LEVEL = np.array([0.0, -1.0, 0.0])
"""The direction against gravity in a level camera's optical frame."""

_STRAIGHT = 0.1
"""Sine of the angle between the optical axis and the vertical below which forward is where the top
of the image points: the axis itself is then nearly vertical."""


def unit_up(up: Sequence[float]) -> NDArray[np.float64]:
    """The unit vector (3,) along a vector against gravity, of any length.

    Raises:
        DiffhpeError: it is not 3 finite numbers, or all of them are 0.
    """
    try:
        vector = np.asarray(up, np.float64)
    except (TypeError, ValueError):
        vector = np.zeros(0)
    length = np.linalg.norm(vector)
    if vector.shape != (3,) or not 0 < length < np.inf:
        raise DiffhpeError(f"up is {up!r}; a vector of 3 numbers is expected, not all of them 0")
    return np.asarray(vector / length)


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
    """Rotation (3, 3) from the optical frame to that of a level camera in the same position.

    Args:
        up: (3,) unit vector against gravity in the optical frame.
    """
    x, y, z = upright_axes(up).T
    return np.stack([-y, -z, x])


def up_of_tilt(degrees: float) -> NDArray[np.float64]:
    """The direction (3,) against gravity, optical frame, of a camera tilted down by `degrees`."""
    tilt = np.radians(degrees)
    return np.array([0.0, -np.cos(tilt), -np.sin(tilt)])


def tilt_deg(up: NDArray[Any]) -> tuple[float, float]:
    """The degrees by which a camera is tilted down, and rolled clockwise.

    Args:
        up: (3,) unit vector against gravity in the optical frame.
    """
    x, y, z = (float(value) for value in up)
    return float(np.degrees(np.arctan2(-z, np.hypot(x, y)))), float(np.degrees(np.arctan2(-x, -y)))
