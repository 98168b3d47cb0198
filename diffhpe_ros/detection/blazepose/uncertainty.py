"""The errors of BlazePose's joints, as measured at each confidence."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

SURE = 0.5
"""From this confidence on, the spread of a heat map describes the joint's error."""
_CONFIDENCE = (0.05, 0.15, 0.25, 0.4, 0.6, 0.8, 0.95)
_SILENT = (0.22, 0.22, 0.24, 0.23, 0.20, 0.17, 0.13)
"""Standard deviation along each image axis, in sizes of the person, of joints whose heat map says
nothing. 59 to 93 % of these joints are hidden."""
_UNSURE = (0.10, 0.08, 0.075, 0.075, 0.0, 0.0, 0.0)
"""Standard deviation to add to the heat map's spread for other joints below `SURE`. Both tables
are from `bench/hidden_people.py`."""


def measured_covariance(
    covariance: NDArray[Any], confidence: NDArray[Any], size: float
) -> NDArray[np.float64]:
    """Complete covariances (K, 2, 2) of joints, in pixels squared.

    Args:
        covariance: (K, 2, 2) the spread of the heat maps, NaN where they say nothing.
        confidence: (K,).
        size: size of the person in pixels: the longer side of the box around all joints.
    """
    silent = ~np.isfinite(covariance).all((-1, -2))
    added = np.where(confidence < SURE, np.interp(confidence, _CONFIDENCE, _UNSURE), 0.0)
    sd = size * np.where(silent, np.interp(confidence, _CONFIDENCE, _SILENT), added)
    spread = np.where(silent[:, None, None], 0.0, covariance)
    return np.asarray(spread + (sd**2)[:, None, None] * np.eye(2), np.float64)
