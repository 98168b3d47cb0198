"""Sensors and transforms that are silent, late or unusable: no image waits for them for nothing."""

import threading
import time
from collections.abc import Callable

import numpy as np
import pytest
from robot_frames import transform
from sensor_msgs.msg import Imu

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.nodes.diagnostics.node_diagnostics import NodeDiagnostics
from diffhpe_ros.nodes.transforms.imu_source import ImuSource
from diffhpe_ros.nodes.transforms.listener import TransformListener

SECOND = 1_000_000_000
FRAME_NS = 33_000_000
WAIT_S = 0.4
IMAGES = 12


@pytest.fixture
def diagnostics() -> NodeDiagnostics:
    return NodeDiagnostics()


@pytest.fixture
def transforms(diagnostics: NodeDiagnostics) -> TransformListener:
    listener = TransformListener(WAIT_S, False, diagnostics)
    listener.put_static(transform("imu_link", "camera", 0))
    return listener


@pytest.fixture
def imu(transforms: TransformListener, diagnostics: NodeDiagnostics) -> ImuSource:
    return ImuSource(transforms, WAIT_S, False, diagnostics)


def measured(
    stamp_ns: int, acceleration: float = 9.81, turn: float = 0.0, has_gyroscope: bool = True
) -> Imu:
    message = Imu()
    message.header.frame_id = "imu_link"
    message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp_ns, SECOND)
    message.linear_acceleration.z, message.angular_velocity.z = acceleration, turn
    message.angular_velocity_covariance[0] = 0.0 if has_gyroscope else -1.0
    return message


def seconds_for(ask: Callable[[int], object], first_ns: int) -> float:
    """How long it takes to ask for several images, all in vain."""
    begin = time.monotonic()
    for image in range(IMAGES):
        with pytest.raises(DiffhpeError):
            ask(first_ns + image * FRAME_NS)
    return time.monotonic() - begin


def rotated(imu: ImuSource, stamp_ns: int) -> np.ndarray:
    return imu.motion("camera", np.array([stamp_ns])).rotation[0]


def warnings(diagnostics: NodeDiagnostics) -> str:
    return "; ".join(diagnostics.report().warnings)


def test_silent_imu_delays_one_image_only(imu: ImuSource) -> None:
    assert WAIT_S <= seconds_for(lambda stamp: rotated(imu, stamp), SECOND) < 3 * WAIT_S


def test_imu_that_comes_back_is_awaited_again(imu: ImuSource) -> None:
    seconds_for(lambda stamp: rotated(imu, stamp), SECOND)
    imu.put(measured(2 * SECOND))
    late = threading.Timer(WAIT_S / 4, lambda: imu.put(measured(2 * SECOND + FRAME_NS)))
    late.start()
    np.testing.assert_allclose(rotated(imu, 2 * SECOND + FRAME_NS), np.eye(3), atol=1e-6)
    late.join()


def test_transform_that_is_no_longer_sent_delays_one_image_only(
    transforms: TransformListener,
) -> None:
    transforms.put(transform("odom", "camera", SECOND))
    transforms.put(transform("odom", "camera", SECOND + FRAME_NS))

    def ask(stamp_ns: int) -> object:
        return transforms.lookup("odom", "camera", [stamp_ns])

    assert WAIT_S <= seconds_for(ask, SECOND + 2 * FRAME_NS) < 3 * WAIT_S


@pytest.mark.parametrize("silence_ns", [3 * FRAME_NS, 10 * SECOND])
def test_transform_that_comes_back_is_awaited_again(
    transforms: TransformListener, silence_ns: int
) -> None:
    transforms.put(transform("odom", "camera", SECOND))
    with pytest.raises(DiffhpeError):
        transforms.lookup("odom", "camera", [SECOND + FRAME_NS])
    back_ns = SECOND + silence_ns
    transforms.put(transform("odom", "camera", back_ns))
    late = threading.Timer(
        WAIT_S / 4, lambda: transforms.put(transform("odom", "camera", back_ns + FRAME_NS))
    )
    late.start()
    assert len(transforms.lookup("odom", "camera", [back_ns + FRAME_NS]).rotation) == 1
    late.join()


@pytest.mark.parametrize("turn", [0.0, float("nan")])
def test_imu_without_a_gyroscope_does_not_say_that_the_camera_is_still(
    imu: ImuSource, diagnostics: NodeDiagnostics, turn: float
) -> None:
    """Its accelerometer is used all the same."""
    for stamp in range(SECOND, 3 * SECOND, 10_000_000):
        imu.put(measured(stamp, turn=turn, has_gyroscope=False))
    with pytest.raises(DiffhpeError, match="no angular velocity"):
        rotated(imu, 2 * SECOND)
    assert "it has no gyroscope" in warnings(diagnostics)
    gravity = imu.gravity("camera", 3 * SECOND)
    assert gravity is not None
    np.testing.assert_allclose(gravity.up, (0, 0, 1), atol=1e-6)


@pytest.mark.parametrize("acceleration", [1.0, 0.0, float("nan")])
def test_accelerometer_that_measures_no_gravity_is_reported_until_it_does(
    imu: ImuSource, diagnostics: NodeDiagnostics, acceleration: float
) -> None:
    for stamp in range(SECOND, 5 * SECOND, 10_000_000):
        imu.put(measured(stamp, acceleration))
    text = f"the acceleration is {acceleration:.2f} m/s²; 9.81 m/s² is expected"
    imu.inspect()
    assert text in warnings(diagnostics)
    imu.put(measured(5 * SECOND))
    imu.inspect()
    assert not warnings(diagnostics)


def test_angular_velocity_that_cannot_be_is_named(
    imu: ImuSource, diagnostics: NodeDiagnostics
) -> None:
    imu.put(measured(SECOND, turn=1000.0))
    assert "below 100 rad/s are expected, got 0, 0, 1000" in warnings(diagnostics)


def test_clock_of_the_imu_that_is_ahead_is_named(imu: ImuSource) -> None:
    for stamp in range(100 * SECOND, 101 * SECOND, 10_000_000):
        imu.put(measured(stamp))
    with pytest.raises(DiffhpeError, match=r"the imu's stamps are 98\.0 s ahead of the image's"):
        rotated(imu, 2 * SECOND)
