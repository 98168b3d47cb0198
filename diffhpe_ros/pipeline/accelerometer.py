"""Gravity from an inertial measurement unit."""

from collections import deque

import numpy as np

from diffhpe_ros.pipeline.gravity import Gravity

Vector = tuple[float, float, float]

_STANDARD = 9.81
_OUTLIER = 1.5
"""m/s²: a measurement whose length differs more from gravity contains other accelerations."""
_SMOOTH_S = 2.0
"""Time constant of the mean, which the gyroscope rotates between measurements."""
_FIRST_S = 0.3
"""There is no estimate before this time."""
_GAP_S = 0.5
"""After a longer gap the estimate starts over."""
_SAME_S = 0.3
"""Other accelerations, such as those of steps, are correlated for this time."""
_SPACING_NS = 20_000_000
_KEPT = 250
"""Number of estimates kept: at the spacing above, 5 s."""
_SD_ALWAYS = np.radians(1.0)
"""Errors of the sensor's bias and of its mounting."""


class Accelerometer:
    """The mean of the measured accelerations, rotated by the gyroscope: a complementary filter.

    At rest an accelerometer measures 9.81 m/s² upwards (REP-145).
    """

    def __init__(self) -> None:
        self._stamp_ns: int | None = None
        self._mean = np.zeros(3)
        self._off = 0.0  # mean square of the angle between measurements and the mean
        self._since_s = 0.0
        self._kept: deque[tuple[int, Gravity]] = deque(maxlen=_KEPT)

    def add(self, stamp_ns: int, acceleration: Vector, rate: Vector) -> bool:
        """Add a measurement; returns whether it is gravity alone.

        Args:
            stamp_ns: its time; samples out of order are ignored.
            acceleration: m/s² along x, y and z of the sensor; ignored if it is not gravity alone.
            rate: rad/s about the same axes; zeros if it is not measured.
        """
        measured, turn = np.array(acceleration), np.array(rate)
        if not (np.isfinite(measured).all() and np.isfinite(turn).all()):
            return False
        is_gravity = bool(abs(np.linalg.norm(measured) - _STANDARD) < _OUTLIER)
        passed_s = 0.0 if self._stamp_ns is None else (stamp_ns - self._stamp_ns) / 1e9
        if -1.0 < passed_s <= 0.0 and self._stamp_ns is not None:
            return is_gravity
        if self._stamp_ns is None or not 0.0 <= passed_s <= _GAP_S:
            if is_gravity:
                self._stamp_ns, self._mean = stamp_ns, measured
                self._off = self._since_s = 0.0
                self._kept.clear()
            return is_gravity
        self._stamp_ns = stamp_ns
        self._since_s += passed_s
        self._mean = self._mean - np.cross(turn, self._mean) * passed_s
        if is_gravity:
            gain = passed_s / min(_SMOOTH_S, max(self._since_s, passed_s))
            off = float(np.linalg.norm(np.cross(measured, self._mean))) / _STANDARD**2
            self._off += gain * (off**2 - self._off)
            self._mean = self._mean + gain * (measured - self._mean)
        self._keep(stamp_ns)
        return is_gravity

    def gravity(self, stamp_ns: int) -> Gravity | None:
        """Gravity in the sensor's frame from the measurements up to a time; None if unknown."""
        for known_ns, gravity in reversed(self._kept):
            if known_ns <= stamp_ns:
                return gravity if stamp_ns - known_ns <= _GAP_S * 1e9 else None
        return None

    def _keep(self, stamp_ns: int) -> None:
        if self._since_s < _FIRST_S:
            return
        if self._kept and 0 <= stamp_ns - self._kept[-1][0] < _SPACING_NS:
            return
        same = min(1.0, _SAME_S / min(_SMOOTH_S, self._since_s))
        sd = float(np.sqrt(_SD_ALWAYS**2 + same * self._off))
        up = self._mean / np.linalg.norm(self._mean)
        self._kept.append((stamp_ns, Gravity(up, sd, "accelerometer")))
