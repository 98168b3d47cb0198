"""The orientation of a gyroscope over the last seconds."""

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.geometry.rigid_transform import rotation_matrix, slerp

Quaternion = tuple[float, float, float, float]
Vector = tuple[float, float, float]

_KEPT_NS = 5_000_000_000
_GAP_NS = 100_000_000
"""After a longer gap between samples the rotation is unknown."""
_SPACING_NS = 2_000_000
"""Least time between kept orientations: this bounds the memory at any rate."""
_FASTEST = 100.0
"""rad/s: faster values are not measurements."""
_STILL_NS = 1_000_000_000
"""The bias is measured while the sensor is still for this long."""
_STILL_MEAN, _STILL_SD = 0.05, 0.03
"""rad/s, limits of the mean and the standard deviation of a still sensor. Consumer sensors have a
bias of up to 3 degrees a second, and noise of up to half of that."""
_LEARNT = 0.3
"""Weight of a new measurement of the bias."""


class Gyroscope:
    """Integrates angular velocities to orientations, minus a bias learnt while still."""

    def __init__(self) -> None:
        self.bias = np.zeros(3)
        """(3,) rad/s."""
        self._stamp_ns: int | None = None
        self._rate = np.zeros(3)
        self._orientation: Quaternion = (0.0, 0.0, 0.0, 1.0)
        self._kept: deque[tuple[int, Quaternion]] = deque()
        self._still: list[tuple[int, Vector]] = []

    def add(self, stamp_ns: int, rate: Vector) -> None:
        """Add a measurement.

        Args:
            stamp_ns: its time; samples out of order are ignored. If the clock jumps back by a
                second, the integration starts over.
            rate: rad/s about x, y and z of the sensor.

        Raises:
            DiffhpeError: it is not finite, or faster than anything turns.
        """
        if not all(abs(each) < _FASTEST for each in rate):
            raise DiffhpeError(
                f"angular velocities below {_FASTEST:g} rad/s are expected, got"
                f" {', '.join(f'{each:g}' for each in rate)}"
            )
        if self._stamp_ns is not None:
            passed_ns = stamp_ns - self._stamp_ns
            if -_STILL_NS < passed_ns <= 0:
                return
            if not 0 < passed_ns <= _GAP_NS:
                self._restart()
        self._learn(stamp_ns, rate)
        if self._stamp_ns is not None:
            mean = (np.array(rate) + self._rate) / 2 - self.bias
            seconds = (stamp_ns - self._stamp_ns) / 1e9
            self._orientation = _turned(self._orientation, mean.tolist(), seconds)
        self._stamp_ns, self._rate = stamp_ns, np.array(rate)
        self._keep(stamp_ns)

    def orientations(self, stamps_ns: NDArray[np.int64]) -> NDArray[np.float64]:
        """Rotations (N, 3, 3) from the sensor at N times to a fixed frame.

        Raises:
            DiffhpeError: there are no samples before or after a time.
        """
        times = np.array([stamp for stamp, _ in self._kept], np.int64)
        if not len(times) or stamps_ns.min() < times[0] or stamps_ns.max() > times[-1]:
            raise DiffhpeError(self._missing(stamps_ns, times))
        samples = np.array([orientation for _, orientation in self._kept])
        after = np.searchsorted(times, stamps_ns).clip(1, max(1, len(times) - 1))
        after = np.minimum(after, len(times) - 1)
        before = np.maximum(after - 1, 0)
        apart = np.maximum(times[after] - times[before], 1)
        share = (stamps_ns - times[before]) / apart
        return rotation_matrix(slerp(samples[before], samples[after], share))

    @property
    def newest_ns(self) -> int | None:
        """Stamp of the newest sample."""
        return self._stamp_ns

    def _restart(self) -> None:
        self._stamp_ns = None
        self._kept.clear()
        self._still = []

    def _keep(self, stamp_ns: int) -> None:
        if len(self._kept) > 1 and self._kept[-1][0] - self._kept[-2][0] < _SPACING_NS:
            self._kept.pop()
        self._kept.append((stamp_ns, self._orientation))
        while self._kept[0][0] < stamp_ns - _KEPT_NS:
            self._kept.popleft()

    def _learn(self, stamp_ns: int, rate: Vector) -> None:
        """Measure the bias over each second in which the sensor was still."""
        self._still.append((stamp_ns, rate))
        if stamp_ns - self._still[0][0] < _STILL_NS:
            return
        rates = np.array([each for _, each in self._still])
        self._still = []
        mean, spread = rates.mean(0), rates.std(0)
        if np.linalg.norm(mean) < _STILL_MEAN and spread.max() < _STILL_SD:
            self.bias = self.bias + _LEARNT * (mean - self.bias)

    def _missing(self, stamps_ns: NDArray[np.int64], times: NDArray[np.int64]) -> str:
        if not len(times):
            return "no angular velocity was received from the imu"
        late_s = (stamps_ns.max() - times[-1]) / 1e9
        if late_s > 0:
            return f"no imu message at the image's stamp; the newest is {late_s:.2f} s older"
        if (early_s := (times[0] - stamps_ns.max()) / 1e9) > 1:
            return f"the imu's stamps are {early_s:.1f} s ahead of the image's"
        return "the imu messages do not cover the whole window yet"


def _turned(orientation: Quaternion, rate: list[float], seconds: float) -> Quaternion:
    """The unit quaternion after turning at a rate for a time."""
    angle = math.hypot(*rate) * seconds
    half = math.sin(angle / 2) / angle * seconds if angle > 1e-12 else seconds / 2
    bx, by, bz, bw = (half * rate[0], half * rate[1], half * rate[2], math.cos(angle / 2))
    ax, ay, az, aw = orientation
    product = (
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
        aw * bw - ax * bx - ay * by - az * bz,
    )
    length = math.hypot(*product)
    x, y, z, w = (each / length for each in product)
    return x, y, z, w
