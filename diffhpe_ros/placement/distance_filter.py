"""One person's distance over time, from window to window."""

import numpy as np
from numpy.typing import NDArray

_ACCELERATION = 4.0
"""m/s², standard deviation of people's acceleration away from the camera. Half of it is steadier
for a standing person, and worse for one who walks back and forth."""
_SPEED = 1.0
"""m/s, standard deviation of the speed of a new track."""
_SURPRISING = 2.0
"""Standard deviations beyond which a distance counts less the farther off it is."""


class DistanceFilter:
    """A Kalman filter of distance and speed (constant velocity); time comes from stamps alone.

    An outlier, such as a window with swapped limbs, moves the person little. If the next windows
    agree with it, they win. The filtered variance of the distance is not returned: the errors of a
    pose last longer than a window, so more windows do not reduce them.
    """

    def __init__(self) -> None:
        self._stamp_ns = 0
        self._state: NDArray[np.float64] | None = None
        self._covariance = np.zeros((2, 2))

    def __call__(self, stamp_ns: int, distance: float, variance: float) -> float:
        """Add the distance of the next window.

        Args:
            stamp_ns: time of its newest frame; a stamp that goes back restarts the filter.
            distance: at that time, metres; NaN if unknown: it changes nothing.
            variance: variance of the distance, m².

        Returns:
            The filtered distance at that time.
        """
        if not np.isfinite(distance):
            return distance
        seconds = (stamp_ns - self._stamp_ns) / 1e9
        self._stamp_ns = stamp_ns
        if self._state is None or seconds < 0:
            self._state = np.array([distance, 0.0])
            self._covariance = np.diag([variance, _SPEED**2])
            return distance
        self._move_on(seconds)
        self._correct(distance, variance)
        return float(self._state[0])

    @property
    def speed(self) -> tuple[float, float]:
        """Speed away from the camera in m/s, and its variance; NaN before the first distance."""
        if self._state is None:
            return np.nan, np.nan
        return float(self._state[1]), float(self._covariance[1, 1])

    def shift(self, metres: float) -> None:
        """Add to the distance because the camera has moved away from the person's place."""
        if self._state is not None:
            self._state = self._state + np.array([metres, 0.0])

    def rescale(self, factor: float) -> None:
        """Multiply distance and speed because the person has turned out to be larger."""
        if self._state is not None and factor != 1:
            self._state = factor * self._state
            self._covariance = factor**2 * self._covariance

    def _move_on(self, seconds: float) -> None:
        step = np.array([[1.0, seconds], [0.0, 1.0]])
        push = np.array([seconds**2 / 2, seconds])
        self._state = step @ self._state
        noise = _ACCELERATION**2 * np.outer(push, push)
        self._covariance = step @ self._covariance @ step.T + noise

    def _correct(self, distance: float, variance: float) -> None:
        assert self._state is not None
        surprise = distance - self._state[0]
        expected = self._covariance[0, 0] + variance
        variance *= max(1.0, surprise**2 / (_SURPRISING**2 * expected))
        gain = self._covariance[:, 0] / (self._covariance[0, 0] + variance)
        self._state = self._state + gain * surprise
        self._covariance = self._covariance - np.outer(gain, self._covariance[0])
