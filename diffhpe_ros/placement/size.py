"""How large a person is, learnt from depth."""

import numpy as np

from diffhpe_ros.placement.place import SIZE_SD

_ONE_SD = 0.05
"""Of what one image tells of a size: the depths' error, and that of the distance from the picture,
which is off by 2 to 5 %."""
_BEST_SD = 0.01
"""However often somebody was looked at: poses err by this much in size for longer."""
_STRANGE = 3.0
"""Standard deviations beyond which a measurement says that what was known is wrong."""
_MOST = 2.0
"""People are at most so many times as large, or small, as usual."""


class BodyScale:
    """One person's size as a share of the usual one: the mean of all that was measured."""

    def __init__(self) -> None:
        self.value = 1.0
        """The size."""
        self._variance = SIZE_SD**2

    @property
    def sd(self) -> float:
        """Standard deviation of the size."""
        return float(np.sqrt(self._variance))

    def measure(self, size: float) -> None:
        """Hear of one measurement; NaN, and what nobody is, changes nothing."""
        if not 1 / _MOST < size < _MOST:
            return
        expected = self._variance + _ONE_SD**2
        if (size - self.value) ** 2 > _STRANGE**2 * expected:  # a child, or somebody else
            self._variance = (size - self.value) ** 2
        gain = self._variance / (self._variance + _ONE_SD**2)
        self.value += gain * (size - self.value)
        self._variance = max((1 - gain) * self._variance, _BEST_SD**2)
