"""Axes of files: the camera's optical frame, or upright with y or z up.

Upright axes are the optical ones, turned by quarters: up is against gravity where the camera is
level. x points to the camera's right in all of them, and the origin is the camera.
"""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.errors import unknown

UP: Mapping[str, NDArray[np.float64]] = MappingProxyType(
    {
        "y": np.array([[1.0, 0, 0], [0, -1, 0], [0, 0, -1]]),
        "z": np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]),
    }
)
"""Axis that points up → rotation (3, 3) from the optical frame. y: z points to the camera; z: y
points away from it."""


def rotation_to(up: str) -> NDArray[np.float64]:
    """The rotation from the optical frame to axes with y or z up.

    Raises:
        DiffhpeError: it is neither.
    """
    if up not in UP:
        raise unknown("axis up", up, UP)
    return UP[up]
