"""How far BlazePose's joints are off, as measured at each confidence."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

SURE = 0.5
"""From this confidence on the spread of a heat map is a joint's error."""
_CONFIDENCE = (0.05, 0.15, 0.25, 0.4, 0.6, 0.8, 0.95)
_SILENT = (0.22, 0.22, 0.24, 0.23, 0.20, 0.17, 0.13)
"""Standard deviation of each image axis, in sizes of the person, of joints whose heat map says
nothing: of these 59 to 93 % are hidden."""
_UNSURE = (0.10, 0.08, 0.075, 0.075, 0.0, 0.0, 0.0)
"""What is to be added to the spread of the heat maps of others that are not sure. Both by
`bench/hidden_people.py`."""


def measured_covariance(
    covariance: NDArray[Any], confidence: NDArray[Any], size: float
) -> NDArray[np.float64]:
    """Covariances (K, 2, 2) of joints, pixels squared, all known.

    Args:
        covariance: (K, 2, 2) the spread of the heat maps, NaN where they say nothing.
        confidence: (K,).
        size: of the person, pixels: the longer side of the box round all joints.
    """
    silent = ~np.isfinite(covariance).all((-1, -2))
    added = np.where(confidence < SURE, np.interp(confidence, _CONFIDENCE, _UNSURE), 0.0)
    sd = size * np.where(silent, np.interp(confidence, _CONFIDENCE, _SILENT), added)
    spread = np.where(silent[:, None, None], 0.0, covariance)
    return np.asarray(spread + (sd**2)[:, None, None] * np.eye(2), np.float64)
