"""Gravity by an inertial measurement unit."""

from collections import deque

import numpy as np

from diffhpe_ros.pipeline.gravity import Gravity

Vector = tuple[float, float, float]

_STANDARD = 9.81
_STRANGE = 1.5
"""m/s²: a measurement that is longer or shorter than gravity by more tells of other forces."""
_SMOOTH_S = 2.0
"""Time constant of the mean, in between the gyroscope turns it."""
_FIRST_S = 0.3
"""Before so long nothing is known."""
_GAP_S = 0.5
"""After a longer gap it begins anew."""
_SAME_S = 0.3
"""Forces within such a time are the same: those of steps."""
_SPACING_NS = 20_000_000
_KEPT = 250
"""Estimates, which are so far apart: 5 s."""
_SD_ALWAYS = np.radians(1.0)
"""Bias of the sensor, and how it is mounted."""


class Accelerometer:
    """The mean of the measured accelerations, turned on by the gyroscope: a complementary filter.

    At rest an accelerometer measures 9.81 m/s² upwards (REP-145).
    """

    def __init__(self) -> None:
        self._stamp_ns: int | None = None
        self._mean = np.zeros(3)
        self._off = 0.0  # mean square of the angle of a measurement to the mean
        self._since_s = 0.0
        self._kept: deque[tuple[int, Gravity]] = deque(maxlen=_KEPT)

    def add(self, stamp_ns: int, acceleration: Vector, rate: Vector) -> None:
        """Add a measurement.

        Args:
            stamp_ns: its time; samples out of order are left out.
            acceleration: m/s² along x, y and z of the sensor; what is no gravity is left out.
            rate: rad/s about them; zeros if it is not measured.
        """
        measured, turn = np.array(acceleration), np.array(rate)
        if not (np.isfinite(measured).all() and np.isfinite(turn).all()):
            return
        passed_s = 0.0 if self._stamp_ns is None else (stamp_ns - self._stamp_ns) / 1e9
        if -1.0 < passed_s <= 0.0 and self._stamp_ns is not None:
            return
        is_gravity = abs(np.linalg.norm(measured) - _STANDARD) < _STRANGE
        if self._stamp_ns is None or not 0.0 <= passed_s <= _GAP_S:
            if is_gravity:
                self._stamp_ns, self._mean = stamp_ns, measured
                self._off = self._since_s = 0.0
                self._kept.clear()
            return
        self._stamp_ns = stamp_ns
        self._since_s += passed_s
        self._mean = self._mean - np.cross(turn, self._mean) * passed_s
        if is_gravity:
            gain = passed_s / min(_SMOOTH_S, max(self._since_s, passed_s))
            off = float(np.linalg.norm(np.cross(measured, self._mean))) / _STANDARD**2
            self._off += gain * (off**2 - self._off)
            self._mean = self._mean + gain * (measured - self._mean)

        self._keep(stamp_ns)

    def gravity(self, stamp_ns: int) -> Gravity | None:
        """In the sensor's frame, by the measurements up to a time; None where it is not known."""
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
