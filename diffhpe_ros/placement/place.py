"""What is known of where somebody stands."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIZE_SD = 0.036
"""By how much people's sizes differ: the standard deviation of the summed lengths of the bones, as
a share of their mean (4.10 m), of the 20 named subjects of our motion capture. A picture shows a
large person far away as it shows a small one nearby, and the lifters take everybody to be of about
the usual size: so much is the distance uncertain, however good the picture. All are adults: a
child seems twice as far away as it is.
"""

ACROSS_M = 0.012
"""Standard deviation of the root to the sides; rms on the validation windows: 7 to 12 mm."""


@dataclass(frozen=True, eq=False)
class RootTrajectory:
    """The path of a root over the F frames of a window, or of many windows (...)."""

    root: NDArray[Any]
    """(..., F, 3) metres, optical frame; NaN where it cannot be told."""
    ray: NDArray[np.float64]
    """(..., F, 3) mean ray to the seen joints, 1 in z. Along it the root can be moved with the
    least change of the picture."""
    variance: NDArray[np.float64]
    """(..., F) m² of the distance (z), as far as the fit of pose and picture goes."""

    def moved(self, metres: NDArray[Any]) -> "RootTrajectory":
        """All of the paths farther away, by metres (...) along z."""
        return replace(self, root=self.root + np.asarray(metres)[..., None, None] * self.ray)

    def scaled(self, sizes: NDArray[Any]) -> "RootTrajectory":
        """The paths of people who are larger than the usual by (...): farther away by as much."""
        size = np.asarray(sizes)[..., None]
        return replace(self, root=self.root * size[..., None], variance=self.variance * size**2)

    def covariance(self, size_sd: NDArray[Any] | float = SIZE_SD) -> NDArray[np.float64]:
        """Covariance (..., F, 3, 3) of the root in m²: of the fit, to the sides, and of the size.

        Args:
            size_sd: (...) standard deviation of the people's sizes, as a share of the usual one.
        """
        root = self.root.astype(np.float64)
        fit = self.variance[..., None, None] * _outer(self.ray)
        size_variance = np.asarray(size_sd)[..., None, None, None] ** 2
        return fit + size_variance * _outer(root) + ACROSS_M**2 * np.eye(3)


def _outer(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    return vectors[..., :, None] * vectors[..., None, :]
