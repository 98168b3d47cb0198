"""The floor that people stand on, in a camera's optical frame."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Floor:
    """A level plane below a camera, with its uncertainty."""

    up: NDArray[np.float64]
    """(3,) unit vector against gravity in the camera's optical frame."""
    height: float
    """Metres of the camera above the floor, positive."""
    up_sd: float
    """Radians: root mean square error of the direction `up`."""
    height_sd: float
    """Metres."""
    source: str
    """The source of `up`, for messages."""

    def height_of(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Heights (...) above the floor of points (..., 3) in the camera's optical frame."""
        return np.asarray(self.height + points @ self.up)
