"""From the camera's optical frame to a frame with z up and the floor at 0."""

from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.skeleton import LEFT_JOINTS, RIGHT_JOINTS

SOLE_M = 0.08
"""The floor is that far below the joint `Foot`, which is the ankle."""
_FEET = [RIGHT_JOINTS[2], LEFT_JOINTS[2]]
_KEPT = 150
_START_M = 1.3


def up_of_tilt(degrees: float) -> NDArray[np.float64]:
    """The direction (3,) against gravity in the optical frame of a camera that looks down by it."""
    tilt = np.radians(degrees)
    return np.array([0.0, -np.cos(tilt), -np.sin(tilt)])


def tilt_of_up(up: NDArray[np.float64]) -> float:
    """By how many degrees a camera looks down; the inverse of `up_of_tilt`."""
    return float(np.degrees(np.arctan2(-up[2], -up[1])))


def upright_axes(up: NDArray[np.float64]) -> NDArray[np.float64]:
    """The rotation (3, 3) from the optical frame to x forward, y left, z up.

    Args:
        up: (3,) unit vector against gravity in the optical frame; not the optical axis itself.
    """
    ahead = np.array([0.0, 0.0, 1.0]) - up[2] * up
    ahead /= np.linalg.norm(ahead)
    return np.stack([ahead, np.cross(up, ahead), up])


class Floor:
    """The height of the camera over the floor, from where people put their feet.

    It is a median over the last images, since a foot in the air or a wrong distance says little.
    """

    def __init__(self) -> None:
        self._heights: deque[float] = deque(maxlen=_KEPT)

    def add(self, joints: NDArray[Any]) -> None:
        """Take people (P, 17, 3) into account: upright axes, the camera at the origin."""
        lowest = joints[:, _FEET, 2].min(1) if len(joints) else np.empty(0)
        self._heights.extend((SOLE_M - lowest[np.isfinite(lowest)]).tolist())

    @property
    def camera_height(self) -> float:
        """Metres; that of a camera on a desk before anyone was seen."""
        return float(np.median(self._heights)) if self._heights else _START_M

    def reset(self) -> None:
        """Forget: the camera is tilted otherwise."""
        self._heights.clear()
