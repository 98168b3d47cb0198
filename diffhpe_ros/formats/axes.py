"""Axes of files: the camera's optical frame, or upright with y or z up.

Upright axes are the optical ones, turned by quarter turns. Up is against gravity if the camera is
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
"""Axis that points up → rotation (3, 3) from the optical frame. With y up, z points to the camera;
with z up, y points away from it."""


def rotation_to(up: str) -> NDArray[np.float64]:
    """The rotation from the optical frame to axes with y or z up.

    Raises:
        DiffhpeError: `up` is neither y nor z.
    """
    if up not in UP:
        raise unknown("axis up", up, UP)
    return UP[up]
