"""A person's position over a window, and its uncertainty."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIZE_SD = 0.036
"""Relative standard deviation of people's sizes: that of the sum of bone lengths, divided by its
mean (4.10 m), over the 20 named subjects of our motion capture. A large person far away and a small
one nearby look alike, and the lifters assume the average size, so the distance is at least this
uncertain. All subjects are adults: a child seems twice as far away as it is.
"""

ACROSS_M = 0.012
"""Standard deviation of the root in x and y; rms on the validation windows: 7 to 12 mm."""


@dataclass(frozen=True, eq=False)
class RootTrajectory:
    """Positions of the root over the F frames of a window, or of many windows (...)."""

    root: NDArray[Any]
    """(..., F, 3) metres, optical frame; NaN where unknown."""
    ray: NDArray[np.float64]
    """(..., F, 3) mean ray to the seen joints, 1 in z. Moving the root along it changes
    the projection least."""
    variance: NDArray[np.float64]
    """(..., F) m², the variance of the distance (z) from the fit alone."""

    def moved(self, metres: NDArray[Any]) -> "RootTrajectory":
        """The trajectories moved farther away along z by `metres` (...)."""
        return replace(self, root=self.root + np.asarray(metres)[..., None, None] * self.ray)

    def scaled(self, sizes: NDArray[Any]) -> "RootTrajectory":
        """The trajectories of people `sizes` (...) times as large as average: farther away."""
        size = np.asarray(sizes)[..., None]
        return replace(self, root=self.root * size[..., None], variance=self.variance * size**2)

    def covariance(self, size_sd: NDArray[Any] | float = SIZE_SD) -> NDArray[np.float64]:
        """Covariance (..., F, 3, 3) of the root in m²: from the fit, in x and y, and from the size.

        Args:
            size_sd: (...), standard deviation of the people's sizes, relative to the average.
        """
        root = self.root.astype(np.float64)
        fit = self.variance[..., None, None] * _outer(self.ray)
        size_variance = np.asarray(size_sd)[..., None, None, None] ** 2
        return fit + size_variance * _outer(root) + ACROSS_M**2 * np.eye(3)


def _outer(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    return vectors[..., :, None] * vectors[..., None, :]
