"""A gyroscope's orientations, against scipy's."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.pipeline.gyroscope import Gyroscope

SECOND = 1_000_000_000
RATE = 200


def swing(
    gyroscope: Gyroscope, seconds: float, bias: float = 0.0, noise: float = 0.0, begin_s: float = 0
) -> None:
    """Turns to and fro about y, at most 2 rad/s."""
    rng = np.random.default_rng(0)
    for sample in range(round(seconds * RATE)):
        time_s = begin_s + sample / RATE
        rate = np.array([0, 2 * np.cos(4 * time_s), 0]) + bias + rng.normal(0, noise + 1e-12, 3)
        gyroscope.add(round(time_s * SECOND), tuple(rate.tolist()))


def error_deg(gyroscope: Gyroscope, begin_s: float) -> float:
    """Largest error of the turn over half a second from then on."""
    times_s = begin_s + np.arange(27) * 0.02
    found = Rotation.from_matrix(gyroscope.orientations(np.rint(times_s * SECOND).astype(np.int64)))
    angles = 0.5 * np.sin(4 * times_s)
    truth = Rotation.from_rotvec(angles[:, None] * np.array([0, 1, 0]))
    relative = found[-1].inv() * found
    expected = truth[-1].inv() * truth
    return float(np.degrees((relative.inv() * expected).magnitude().max()))


def test_turn_over_a_window_is_integrated() -> None:
    gyroscope = Gyroscope()
    swing(gyroscope, 2)
    assert error_deg(gyroscope, 1.2) < 0.01


def test_noise_of_a_cheap_sensor_costs_little() -> None:
    gyroscope = Gyroscope()
    swing(gyroscope, 2, noise=0.02)
    assert error_deg(gyroscope, 1.2) < 0.2


def test_bias_is_learnt_while_still() -> None:
    biased, learnt = Gyroscope(), Gyroscope()
    rng = np.random.default_rng(1)
    for sample in range(20 * RATE):
        still = 0.02 + rng.normal(0, 0.01, 3)
        learnt.add(round(sample / RATE * SECOND), tuple(still.tolist()))
    np.testing.assert_allclose(learnt.bias, 0.02, atol=1e-3)
    swing(biased, 2, bias=0.02)
    swing(learnt, 2, bias=0.02, begin_s=20)
    assert error_deg(biased, 1.2) > 0.8
    assert error_deg(learnt, 21.2) < 0.1


def test_slow_turn_is_no_bias() -> None:
    gyroscope = Gyroscope()
    for sample in range(5 * RATE):
        gyroscope.add(round(sample / RATE * SECOND), (0.0, 0.1, 0.0))
    np.testing.assert_array_equal(gyroscope.bias, 0)


def test_missing_samples_are_named() -> None:
    gyroscope = Gyroscope()
    with pytest.raises(DiffhpeError, match="no angular velocity was received"):
        gyroscope.orientations(np.array([0]))
    swing(gyroscope, 1)
    with pytest.raises(DiffhpeError, match=r"the newest is 0\.50 s older"):
        gyroscope.orientations(np.array([round(1.495 * SECOND)]))
    swing(gyroscope, 0.3, begin_s=2)  # after a gap
    with pytest.raises(DiffhpeError, match="over the whole window yet"):
        gyroscope.orientations(np.array([round(1.9 * SECOND), round(2.1 * SECOND)]))


def test_wrong_samples_change_nothing() -> None:
    gyroscope = Gyroscope()
    swing(gyroscope, 2)
    for wrong in (np.nan, np.inf, 1e9):
        with pytest.raises(DiffhpeError, match="below 100 rad/s"):
            gyroscope.add(3 * SECOND, (0.0, wrong, 0.0))
    gyroscope.add(SECOND + 1, (50.0, 0.0, 0.0))  # out of order
    assert error_deg(gyroscope, 1.2) < 0.01


def test_clock_that_jumps_back_begins_anew() -> None:
    gyroscope = Gyroscope()
    swing(gyroscope, 2, begin_s=100)
    swing(gyroscope, 1)
    assert gyroscope.newest_ns == round((RATE - 1) / RATE * SECOND)
    assert error_deg(gyroscope, 0.3) < 0.01
