"""The mean of many measurements of one person's size, and its standard deviation."""

import math

from diffhpe_ros.placement.standing_feet import SizeMeasurement

_FORGET_S = 30.0
"""Age at which a measurement's weight has fallen to 1/e."""
_FIRST_S, _SAME_S = 0.5, 2.0
"""Time that the first measurement stands for, and time for which errors of poses are correlated."""
_SURPRISING = 2.0
"""Standard deviations beyond which a measurement counts less the farther off it is."""
SMALLEST, LARGEST = 0.45, 1.35
"""No person's size is outside this range: the given floor must be wrong."""


class SizeOverTime:
    """Averages sizes weighted by their variances; outliers count less.

    Errors of the poses average out with time, errors of the floor do not. If measurements differ
    more than they should, as on stairs, their spread increases the standard deviation of the mean.
    """

    def __init__(self) -> None:
        self._stamp_ns: int | None = None
        self._seconds = self._weight = self._lasting = self._squares = 0.0
        self._mean = 0.0  # mean of the logarithm

    @property
    def size(self) -> float:
        """The mean; 1 before the first measurement."""
        return math.exp(self._mean)

    @property
    def sd(self) -> float:
        """Standard deviation of the logarithm; infinite before the first measurement."""
        if not self._weight:
            return math.inf
        different = max(1.0, self._seconds / _SAME_S)
        return math.hypot(
            self._lasting / self._weight, math.sqrt(self._squares / self._weight / different)
        )

    def add(self, stamp_ns: int, measured: SizeMeasurement) -> None:
        """Add a plausible measurement.

        Args:
            stamp_ns: its time; if it goes back, the measurement has no weight.
            measured: a size between `SMALLEST` and `LARGEST`.
        """
        passed = _FIRST_S if self._stamp_ns is None else (stamp_ns - self._stamp_ns) / 1e9
        self._stamp_ns = stamp_ns
        seconds = min(max(passed, 0.0), _FIRST_S)
        if not self._weight:
            self._mean = math.log(measured.size)
        off = math.log(measured.size) - self._mean
        expected = measured.sd**2 + (self._squares / self._weight if self._weight else 0.0)
        doubt = max(1.0, abs(off) / (_SURPRISING * math.sqrt(expected)))
        weight = seconds / (measured.sd**2 + measured.lasting_sd**2) / doubt
        kept = math.exp(-max(passed, 0.0) / _FORGET_S)
        self._seconds = self._seconds * kept + seconds
        self._weight = self._weight * kept + weight
        self._lasting = self._lasting * kept + weight * measured.lasting_sd
        self._squares = self._squares * kept + weight * max(off**2, measured.sd**2)
        if self._weight:
            self._mean += weight / self._weight * off
