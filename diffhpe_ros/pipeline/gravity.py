"""Which way is up, and how sure that is."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Gravity:
    """The direction against gravity."""

    up: NDArray[np.float64]
    """(3,) unit vector."""
    sd: float
    """Radians: root mean square of the angle that it may be off by."""
    source: str
    """accelerometer or people: then it is estimated from how people stand and walk."""
