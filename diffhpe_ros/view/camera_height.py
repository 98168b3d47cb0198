"""How high the camera is above the floor that people stand on, in an upright frame."""

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


class CameraHeight:
    """The height of the camera above the floor, from where people put their feet.

    It is a median over the last images, since a foot in the air or a wrong distance says little.
    """

    def __init__(self) -> None:
        self._heights: deque[float] = deque(maxlen=_KEPT)

    def add(self, joints: NDArray[Any]) -> None:
        """Take people (P, 17, 3) into account: upright axes, the camera at the origin."""
        lowest = joints[:, _FEET, 2].min(1) if len(joints) else np.empty(0)
        self._heights.extend((SOLE_M - lowest[np.isfinite(lowest)]).tolist())

    @property
    def metres(self) -> float:
        """That of a camera on a desk before anyone was seen."""
        return float(np.median(self._heights)) if self._heights else _START_M

    def reset(self) -> None:
        """Forget: the camera is tilted otherwise."""
        self._heights.clear()
