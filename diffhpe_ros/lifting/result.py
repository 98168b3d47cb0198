"""The result of lifting."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class LiftResult:
    """Poses of a batch of windows; metres, camera optical frame, root-relative.

    The values of a window without any seen joint are NaN.
    """

    poses: NDArray[np.float32]
    """(B, 27, 17, 3), one for each window: aggregated, bone lengths free or fixed."""
    hypotheses: NDArray[np.float32]
    """(B, H, 27, 17, 3), as sampled."""
    covariance: NDArray[np.float32]
    """(B, 27, 17, 3, 3), m²: spread of the hypotheses plus the model's own error, calibrated."""
