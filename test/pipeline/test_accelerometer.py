"""Gravity from an accelerometer: noise, shocks, rotations and gaps."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from diffhpe_ros.pipeline.accelerometer import Accelerometer
from diffhpe_ros.pipeline.gravity import Gravity

UP = np.array([0.1, -0.9, -0.42]) / np.linalg.norm([0.1, -0.9, -0.42])
STILL = (0.0, 0.0, 0.0)
STEP_NS = 10_000_000


def degrees_off(known: Gravity | None, up: NDArray[np.float64] = UP) -> float:
    assert known is not None
    return float(np.degrees(np.arccos(np.clip(known.up @ up, -1, 1))))


def newest(sensor: Accelerometer, samples: int) -> Gravity | None:
    return sensor.gravity(samples * STEP_NS)


def add(sensor: Accelerometer, stamp_ns: int, measured: NDArray[np.float64], rate=STILL) -> None:
    x, y, z = measured.tolist()
    sensor.add(stamp_ns, (x, y, z), rate)


def test_at_rest_the_mean_is_up() -> None:
    rng, sensor = np.random.default_rng(0), Accelerometer()
    add(sensor, 0, 9.81 * UP)
    assert newest(sensor, 0) is None  # one sample may be a shock
    for k in range(1, 300):
        add(sensor, k * STEP_NS, 9.81 * UP + rng.normal(0, 0.3, 3))
    known = newest(sensor, 300)
    assert known is not None and degrees_off(known) < 1 and np.degrees(known.sd) < 2


def test_a_sensor_that_shakes_states_more() -> None:
    rng, sensor = np.random.default_rng(0), Accelerometer()
    for k in range(1000):
        sway = 1.5 * np.sin(2 * np.pi * 1.3 * k / 100) * np.array([1.0, 0, 0])
        add(sensor, k * STEP_NS, 9.81 * UP + sway + rng.normal(0, 0.3, 3))
    known = newest(sensor, 1000)
    assert known is not None and degrees_off(known) < 2 * np.degrees(known.sd) < 10


def test_the_gyroscope_turns_it() -> None:
    """A quarter turn about z within a second, while shocks hide gravity."""
    sensor, rate = Accelerometer(), (0.0, 0.0, np.pi / 2)
    for k in range(100):
        add(sensor, k * STEP_NS, 9.81 * UP)
    for k in range(100, 200):
        add(sensor, k * STEP_NS, 30.0 * UP, rate)
    back = Rotation.from_euler("z", -90, degrees=True).as_matrix()
    assert degrees_off(newest(sensor, 200), back @ UP) < 2
    assert degrees_off(newest(sensor, 100)) < 2  # at the time of an earlier image


def test_what_is_no_gravity_is_left_out() -> None:
    sensor = Accelerometer()
    for k in range(100):
        add(sensor, k * STEP_NS, np.zeros(3))
        add(sensor, k * STEP_NS, np.full(3, np.nan))
    assert newest(sensor, 100) is None


def test_a_gap_begins_anew() -> None:
    sensor = Accelerometer()
    for k in range(100):
        add(sensor, k * STEP_NS, 9.81 * UP)
    assert newest(sensor, 100) is not None
    add(sensor, 10**11, 9.81 * UP)
    assert sensor.gravity(10**11) is None
