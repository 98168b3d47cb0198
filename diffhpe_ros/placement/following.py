"""One person's distance over time, from window to window."""

import numpy as np
from numpy.typing import NDArray

_ACCELERATION = 4.0
"""m/s², standard deviation, of people's distance from the camera. Half of it steadies a standing
person more and follows one who walks to and fro worse."""
_SPEED = 1.0
"""m/s, standard deviation, of who is seen for the first time."""
_SURPRISING = 2.0
"""Standard deviations beyond which a distance is believed the less, the farther off it is."""


class DistanceFilter:
    """A Kalman filter of distance and speed (constant velocity), by stamps alone.

    A window that is out of line, such as one in which left and right were taken for each other,
    moves the person little; if the next ones agree with it, they win. The variance that it makes
    of its inputs is not told: the errors of a pose last, they are no less for being seen often.
    """

    def __init__(self) -> None:
        self._stamp_ns = 0
        self._state: NDArray[np.float64] | None = None
        self._covariance = np.zeros((2, 2))

    def __call__(self, stamp_ns: int, distance: float, variance: float) -> float:
        """Hear what the next window says.

        Args:
            stamp_ns: time of its newest frame; earlier than the last one, all begins anew.
            distance: then, metres; NaN where it is not known, which changes nothing.
            variance: of it, m².

        Returns:
            The distance at that time.
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
