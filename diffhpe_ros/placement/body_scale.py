"""How large a person is, learnt from depth."""

import numpy as np

from diffhpe_ros.geometry.root_trajectory import SIZE_SD

_ONE_SD = 0.05
"""Standard deviation of one measured size: errors of the depths, and of the fitted distance, which
is off by 2 to 5 %."""
_BEST_SD = 0.01
"""Smallest standard deviation, however many images: the size error of poses lasts longer."""
_STRANGE = 3.0
"""Standard deviations beyond which a measurement replaces the mean."""
_MOST = 2.0
"""Sizes beyond this factor, up or down, are ignored."""


class BodyScale:
    """One person's size as a share of the average: the mean of its measurements."""

    def __init__(self) -> None:
        self.value = 1.0
        """The size."""
        self._variance = SIZE_SD**2

    @property
    def sd(self) -> float:
        """Standard deviation of the size."""
        return float(np.sqrt(self._variance))

    def measure(self, size: float) -> None:
        """Add one measurement; NaN and impossible sizes are ignored."""
        if not 1 / _MOST < size < _MOST:
            return
        expected = self._variance + _ONE_SD**2
        if (size - self.value) ** 2 > _STRANGE**2 * expected:  # a child, or another person
            self._variance = (size - self.value) ** 2
        gain = self._variance / (self._variance + _ONE_SD**2)
        self.value += gain * (size - self.value)
        self._variance = max((1 - gain) * self._variance, _BEST_SD**2)
