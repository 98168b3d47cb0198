"""The 1€ filter (Casiez, Roussel and Vogel, CHI 2012) for joints with time stamps."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.errors import DiffhpeError

_SPEED_CUTOFF_HZ = 1.0
"""Cutoff in Hz of the speed's filter, as in the paper."""


class OneEuro:
    """A low-pass filter of each joint whose cutoff rises with the joint's speed.

    A joint at rest does not jitter, and a fast one lags little. The speed is the length of the
    joint's velocity, so the result does not depend on the directions of the axes.

    Args:
        min_cutoff: Hz, for a joint at rest; 0 passes everything unchanged.
        beta: Hz per m/s, by which the cutoff rises.

    Raises:
        DiffhpeError: one of them is negative or not finite.
    """

    def __init__(self, min_cutoff: float, beta: float) -> None:
        if not (0.0 <= min_cutoff < math.inf and 0.0 <= beta < math.inf):
            raise DiffhpeError(
                f"the One-Euro filter expects min_cutoff and beta of 0 or more, got {min_cutoff:g}"
                f" and {beta:g}"
            )
        self._min_cutoff, self._beta = min_cutoff, beta
        self._last: tuple[int, NDArray[np.float64], NDArray[np.float64]] | None = None
        self._velocity: NDArray[np.float64] = np.zeros(1)

    def __call__(self, stamp_ns: int, joints: NDArray[Any]) -> NDArray[np.float64]:
        """Filter the next joints.

        Args:
            stamp_ns: their time; if it goes back, the filter starts over.
            joints: (J, 3) metres; if one is not finite, the filter starts over with the next call.

        Returns:
            (J, 3).
        """
        raw = joints.astype(np.float64)
        if not self._min_cutoff or not np.isfinite(raw).all():
            self._last = None
            return raw
        if self._last is None or stamp_ns < self._last[0]:
            self._last, self._velocity = (stamp_ns, raw, raw), np.zeros_like(raw)
            return raw
        last_ns, last_raw, last = self._last
        seconds = (stamp_ns - last_ns) / 1e9
        if not seconds:
            return last
        change = (raw - last_raw) / seconds - self._velocity
        self._velocity = self._velocity + _share(_SPEED_CUTOFF_HZ, seconds) * change
        speed = np.linalg.norm(self._velocity, axis=-1, keepdims=True)
        share = _share(self._min_cutoff + self._beta * speed, seconds)
        filtered: NDArray[np.float64] = last + share * (raw - last)
        self._last = stamp_ns, raw, filtered
        return filtered


def _share(cutoff: Any, seconds: float) -> Any:
    """Weight of a new value after this many seconds."""
    return 1 / (1 + 1 / (2 * math.pi * cutoff * seconds))
