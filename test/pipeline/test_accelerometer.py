"""Gravity by an accelerometer: noise, shocks, turns and gaps."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from diffhpe_ros.pipeline.accelerometer import Accelerometer

UP = np.array([0.1, -0.9, -0.42]) / np.linalg.norm([0.1, -0.9, -0.42])
STILL = (0.0, 0.0, 0.0)
STEP_NS = 10_000_000


def degrees_off(sensor: Accelerometer, up: NDArray[np.float64] = UP) -> float:
    assert sensor.gravity is not None
    return float(np.degrees(np.arccos(np.clip(sensor.gravity.up @ up, -1, 1))))


def add(sensor: Accelerometer, stamp_ns: int, measured: NDArray[np.float64], rate=STILL) -> None:
    x, y, z = measured.tolist()
    sensor.add(stamp_ns, (x, y, z), rate)


def test_at_rest_the_mean_is_up() -> None:
    rng, sensor = np.random.default_rng(0), Accelerometer()
    add(sensor, 0, 9.81 * UP)
    assert sensor.gravity is None  # one sample may be a shock
    for k in range(1, 300):
        add(sensor, k * STEP_NS, 9.81 * UP + rng.normal(0, 0.3, 3))
    assert degrees_off(sensor) < 1 and np.degrees(sensor.gravity.sd) < 2


def test_a_sensor_that_shakes_states_more() -> None:
    rng, sensor = np.random.default_rng(0), Accelerometer()
    for k in range(1000):
        sway = 1.5 * np.sin(2 * np.pi * 1.3 * k / 100) * np.array([1.0, 0, 0])
        add(sensor, k * STEP_NS, 9.81 * UP + sway + rng.normal(0, 0.3, 3))
    assert degrees_off(sensor) < 2 * np.degrees(sensor.gravity.sd) < 10


def test_the_gyroscope_turns_it() -> None:
    """Half a turn a second about z for a second; shocks hide gravity meanwhile."""
    sensor, rate = Accelerometer(), (0.0, 0.0, np.pi / 2)
    for k in range(100):
        add(sensor, k * STEP_NS, 9.81 * UP)
    for k in range(100, 200):
        add(sensor, k * STEP_NS, 30.0 * UP, rate)
    back = Rotation.from_euler("z", -90, degrees=True).as_matrix()
    assert degrees_off(sensor, back @ UP) < 2


def test_what_is_no_gravity_is_left_out() -> None:
    sensor = Accelerometer()
    for k in range(100):
        add(sensor, k * STEP_NS, np.zeros(3))
        add(sensor, k * STEP_NS, np.full(3, np.nan))
    assert sensor.gravity is None


def test_a_gap_begins_anew() -> None:
    sensor = Accelerometer()
    for k in range(100):
        add(sensor, k * STEP_NS, 9.81 * UP)
    add(sensor, 10**11, 9.81 * UP)
    assert sensor.gravity is None
