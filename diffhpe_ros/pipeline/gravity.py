"""The up direction and its uncertainty."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Gravity:
    """The up direction, against gravity."""

    up: NDArray[np.float64]
    """(3,) unit vector."""
    sd: float
    """Root mean square of its angular error, in radians."""
    source: str
    """Where it comes from, such as accelerometer, TF, level_camera, or people: estimated from how
    people stand and walk."""
