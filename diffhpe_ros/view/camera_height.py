"""The camera's height above the floor that people stand on, in an upright frame."""

from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.skeleton import LEFT_JOINTS, RIGHT_JOINTS

SOLE_M = 0.08
"""Height of the joint `Foot`, which is the ankle, above the floor."""
_FEET = [RIGHT_JOINTS[2], LEFT_JOINTS[2]]
_KEPT = 150
_START_M = 1.3


class CameraHeight:
    """The camera's height above the floor, from people's feet.

    It is a median over the last images, so a foot in the air or a wrong distance has little effect.
    """

    def __init__(self) -> None:
        self._heights: deque[float] = deque(maxlen=_KEPT)

    def add(self, joints: NDArray[Any]) -> None:
        """Add people (P, 17, 3): upright axes, the camera at the origin."""
        lowest = joints[:, _FEET, 2].min(1) if len(joints) else np.empty(0)
        self._heights.extend((SOLE_M - lowest[np.isfinite(lowest)]).tolist())

    @property
    def metres(self) -> float:
        """The height; before any person was seen, that of a camera on a desk."""
        return float(np.median(self._heights)) if self._heights else _START_M

    def reset(self) -> None:
        """Forget all heights, because the camera's tilt has changed."""
        self._heights.clear()
