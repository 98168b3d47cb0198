"""The motion of the hands in the last seconds."""

from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.postures.gesture_rules import ELBOWS, SHOULDERS, WRISTS
from diffhpe_ros.postures.posture_rules import lengths
from diffhpe_ros.skeleton import HIP

_WAVING_S, _STILL_S = 2.0, 0.3
_SWING = 0.4
"""Least motion of the hand across the body, in lengths of a forearm."""
_SWINGS = 4
"""Number of swings for waving: to one side and back, twice."""
_STILL = 0.4
"""Largest speed of a pointing hand relative to the Hip, in m/s."""


class HandMotion:
    """Keeps the past positions of the hands."""

    def __init__(self) -> None:
        self._past: deque[tuple[int, NDArray[np.float64], NDArray[np.float64]]] = deque()
        """Stamp; (2,) offset of each wrist to the left of its elbow, in lengths of a forearm;
        (2, 3) wrists relative to the Hip."""

    def update(self, stamp_ns: int, joints: NDArray[Any]) -> None:
        """Add the joints (17, 3) in metres; stamps rise."""
        forearms = joints[WRISTS] - joints[ELBOWS]
        across = joints[SHOULDERS[0]] - joints[SHOULDERS[1]]
        size = max(float(lengths(across) * lengths(forearms).mean()), 1e-9)
        self._past.append((stamp_ns, forearms @ across / size, joints[WRISTS] - joints[HIP]))
        while stamp_ns - self._past[0][0] > _WAVING_S * 1e9:
            self._past.popleft()

    def swinging(self) -> NDArray[np.bool_]:
        """(2,) whether the left and the right hand swing back and forth."""
        sides = np.array([each[1] for each in self._past])
        return np.array([_swings(sides[:, hand]) >= _SWINGS for hand in range(2)])

    def still(self) -> NDArray[np.bool_]:
        """(2,) whether the left and the right hand stay in place; False while not known yet."""
        newest_ns = self._past[-1][0]
        recent = [each for each in self._past if newest_ns - each[0] <= _STILL_S * 1e9]
        passed_s = (newest_ns - recent[0][0]) / 1e9
        if passed_s < _STILL_S / 2:
            return np.zeros(2, np.bool_)
        wrists = np.array([each[2] for each in recent])
        return np.asarray(lengths(wrists - wrists[-1]).max(0) / passed_s < _STILL)


def _swings(values: NDArray[np.float64]) -> int:
    """How often values (T,) have moved from one side to the other by at least `_SWING`."""
    count, extreme, direction = 0, float(values[0]), 0.0
    for value in values.tolist():
        way = value - extreme
        if way * direction > 0:
            extreme = value
        elif abs(way) > _SWING:
            count, extreme, direction = count + 1, value, float(np.sign(way))
    return count
