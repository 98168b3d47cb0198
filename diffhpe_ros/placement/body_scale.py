"""A person's body size, from all available sources."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.geometry.root_trajectory import SIZE_SD

_ONE_SD = 0.05
"""Standard deviation of one size measured from depth: errors of the depths, and of the fitted
distance, which is off by 2 to 5 %."""
_BEST_SD = 0.01
"""Smallest standard deviation from depth, however many images: size errors of poses last longer."""
_OUTLIER = 3.0
"""Standard deviations beyond which a measurement from depth replaces the mean."""
_MOST = 2.0
"""Sizes larger or smaller than the average by more than this factor are ignored."""

_ADULT_SD = 0.06
"""Standard deviation of adults' sizes, used when there is evidence of a size: men and women of a
population. The adults in our motion capture, described by `SIZE_SD`, are more alike."""
_OTHER_SHARE, _OTHER, _OTHER_SD = 0.3, 0.88, 0.18
"""Share of people who are not adults of usual size, mostly children; their mean size and its
standard deviation."""


class BodyScale:
    """One person's size as a share of the average.

    Without any evidence it is the average of adults. With depth it is the mean of the measurements.
    Other sources, such as the floor under the feet, are weighted by their variances, together with
    prior knowledge: most people are adults, whose sizes differ little; the others are mostly
    smaller. The two kinds are weighted by how well each explains the evidence.
    """

    def __init__(self) -> None:
        self.value = 1.0
        """The size."""
        self.sd = SIZE_SD
        """Standard deviation of the size."""
        self.shares: Mapping[str, float] = {"average": 1.0}
        """Weight of each source."""
        self._mean, self._variance = 1.0, SIZE_SD**2
        self._by_depth = False
        self._others: dict[str, tuple[float, float]] = {}

    @property
    def is_learnt(self) -> bool:
        """Whether there is any evidence of this person's size."""
        return self._by_depth or bool(self._others)

    def __str__(self) -> str:
        parts = sorted(self.shares.items(), key=lambda each: -each[1])
        by = ", ".join(f"{name} {100 * share:.0f} %" for name, share in parts)
        return f"{self.value:.2f}, sd {self.sd:.2f}, by {by}"

    def measure(self, size: float) -> None:
        """Add one measurement from depth; NaN and impossible sizes are ignored."""
        if not 1 / _MOST < size < _MOST:
            return
        expected = self._variance + _ONE_SD**2
        if (size - self._mean) ** 2 > _OUTLIER**2 * expected:  # a child, or another person
            self._variance = (size - self._mean) ** 2
        gain = self._variance / (self._variance + _ONE_SD**2)
        self._mean += gain * (size - self._mean)
        self._variance = max((1 - gain) * self._variance, _BEST_SD**2)
        self._by_depth = True
        self._fuse()

    def learn(self, source: str, size: float, sd: float) -> None:
        """Replace a source's previous value.

        Args:
            source: name of the source.
            size: size from the source.
            sd: standard deviation of the size.
        """
        self._others[source] = size, sd**2
        self._fuse()

    def _fuse(self) -> None:
        """Compute value, standard deviation and shares from all sources."""
        first = "depth" if self._by_depth else "average"
        if not self._others:
            self.value, self.sd = self._mean, float(np.sqrt(self._variance))
            self.shares = {first: 1.0}
            return
        sizes, variances = np.array([*self._others.values()]).T
        weights = 1 / variances
        size, variance = float(weights @ sizes / weights.sum()), float(1 / weights.sum())
        # If sources contradict each other, their variance is larger than stated.
        if len(sizes) > 1:
            variance *= max(1.0, float(weights @ (sizes - size) ** 2) / (len(sizes) - 1))
        means, spreads, prior = self._prior()
        apart = means - size
        likely = prior * np.exp(-(apart**2) / (2 * (spreads + variance)))
        likely /= np.sqrt(spreads + variance)
        likely = likely / likely.sum() if likely.sum() > 0 else prior
        gains = spreads / (spreads + variance)
        values = means - gains * apart
        self.value = float(likely @ values)
        within = likely @ (gains * variance) + likely @ (values - self.value) ** 2
        self.sd = float(np.sqrt(within))
        gain = float(likely @ gains)
        shares = gain * weights / weights.sum()
        self.shares = dict(zip(self._others, shares.tolist(), strict=True)) | {first: 1 - gain}

    def _prior(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Prior means, variances and shares of the kinds of people."""
        if self._by_depth:
            return np.array([self._mean]), np.array([self._variance]), np.ones(1)
        return (
            np.array([self._mean, _OTHER]),
            np.array([_ADULT_SD**2, _OTHER_SD**2]),
            np.array([1 - _OTHER_SHARE, _OTHER_SHARE]),
        )
