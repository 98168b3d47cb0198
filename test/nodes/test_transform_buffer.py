"""The frames of a robot over time, without ROS."""

import math

import numpy as np
import pytest
from scipy.spatial.transform import Rotation, Slerp

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.nodes.transforms.buffer import (
    MAX_FRAMES,
    DisconnectedError,
    TransformBuffer,
    TransformError,
)

SECOND = 1_000_000_000
IDENTITY = (0.0, 0.0, 0.0, 1.0)
ORIGIN = (0.0, 0.0, 0.0)


def yaw(degrees: float) -> tuple[float, float, float, float]:
    half = math.radians(degrees) / 2
    return 0.0, 0.0, math.sin(half), math.cos(half)


@pytest.fixture
def robot() -> TransformBuffer:
    """Drives along x at 1 m/s and turns left at 90 degrees/s for 2 s; the camera is 1 m up."""
    buffer = TransformBuffer()
    for tenth in range(10, 31):
        seconds = tenth / 10
        buffer.add(
            "odom", "base_link", tenth * SECOND // 10, (seconds, 0, 0), yaw(90 * (seconds - 1))
        )
    buffer.add("base_link", "camera", 0, (0, 0, 1), IDENTITY, is_static=True)
    return buffer


def test_chain_goes_through_moving_and_static_frames(robot: TransformBuffer) -> None:
    found = robot.lookup("odom", "camera", [2 * SECOND])[0]
    np.testing.assert_allclose(found.points(np.array([1.0, 0, 0])), (2, 1, 1), atol=1e-9)
    back = robot.lookup("camera", "odom", [2 * SECOND])[0]
    np.testing.assert_allclose(back.points(np.array([2.0, 1, 1])), (1, 0, 0), atol=1e-9)


def test_frame_is_interpolated_between_its_stamps() -> None:
    rng = np.random.default_rng(0)
    turns, places = Rotation.from_quat(rng.normal(size=(2, 4))), rng.normal(size=(2, 3))
    buffer = TransformBuffer()
    for second in (0, 1):
        buffer.add("map", "robot", second * SECOND, places[second], turns[second].as_quat())
    shares = np.linspace(0, 1, 11)
    found = buffer.lookup("map", "robot", [round(share * SECOND) for share in shares])
    np.testing.assert_allclose(found.rotation, Slerp([0, 1], turns)(shares).as_matrix(), atol=1e-9)
    expected = places[0] + shares[:, None] * (places[1] - places[0])
    np.testing.assert_allclose(found.translation, expected, atol=1e-9)


def test_several_times_give_what_each_gives_alone(robot: TransformBuffer) -> None:
    robot.add("map", "odom", 0, (5, 0, 0), IDENTITY, is_static=True)
    stamps = [SECOND + 76_000_000 * step for step in range(27)]
    together = robot.lookup("map", "camera", stamps)
    for row, stamp in enumerate(stamps):
        alone = robot.lookup("map", "camera", [stamp])
        np.testing.assert_array_equal(together.rotation[row], alone.rotation[0])
        np.testing.assert_array_equal(together.translation[row], alone.translation[0])


def test_frame_is_itself_without_any_transform() -> None:
    found = TransformBuffer().lookup("camera", "/camera", [SECOND])
    np.testing.assert_array_equal(found.rotation, np.eye(3)[None])


def test_sibling_frames_need_no_time_above_their_parent(robot: TransformBuffer) -> None:
    robot.add("base_link", "laser", 0, (0, 0, 0.25), IDENTITY, is_static=True)
    found = robot.lookup("laser", "camera", [900 * SECOND])
    np.testing.assert_allclose(found.translation, [(0, 0, 0.75)])


def test_new_parent_holds_from_its_first_stamp() -> None:
    buffer = TransformBuffer()
    buffer.add("world", "left_hand", 0, (1, 0, 0), IDENTITY, is_static=True)
    buffer.add("world", "right_hand", 0, (-1, 0, 0), IDENTITY, is_static=True)
    for second, hand in enumerate(["left_hand", "left_hand", "right_hand"]):
        buffer.add(hand, "cup", second * SECOND, ORIGIN, IDENTITY)
    found = buffer.lookup("world", "cup", [SECOND // 2, 3 * SECOND // 2, 2 * SECOND])
    np.testing.assert_array_equal(found.translation[:, 0], (1, 1, -1))


def test_missing_time_says_which_link_is_late(robot: TransformBuffer) -> None:
    with pytest.raises(TransformError) as late:
        robot.lookup("odom", "camera", [3_300_000_000])
    assert str(late.value) == "no transform odom → base_link at 3.30; the newest is 0.30 s older"
    with pytest.raises(TransformError) as early:
        robot.lookup("odom", "camera", [500_000_000])
    assert str(early.value) == "no transform odom → base_link at 0.50; the oldest is 0.50 s newer"


def test_camera_that_nothing_describes_is_named(robot: TransformBuffer) -> None:
    with pytest.raises(DisconnectedError) as error:
        robot.lookup("odom", "camera_optical_frame", [2 * SECOND])
    assert str(error.value) == (
        "camera_optical_frame has no parent: is the robot description running?"
    )


def test_target_that_nothing_describes_is_named(robot: TransformBuffer) -> None:
    with pytest.raises(DisconnectedError) as error:
        robot.lookup("mpa", "camera", [2 * SECOND])
    assert (
        str(error.value)
        == "no transform has the frame mpa: the newest frames are camera, base_link"
    )


def test_two_trees_are_named(robot: TransformBuffer) -> None:
    robot.add("map", "drone", 0, ORIGIN, IDENTITY, is_static=True)
    with pytest.raises(DisconnectedError) as error:
        robot.lookup("drone", "camera", [2 * SECOND])
    assert str(error.value) == (
        "frames drone and camera are not connected: drone is below map, camera below odom"
    )


def test_loop_ends_the_search() -> None:
    buffer = TransformBuffer()
    for parent, child in ("ab", "bc", "ca"):
        buffer.add(parent, child, 0, ORIGIN, IDENTITY, is_static=True)
    with pytest.raises(TransformError) as error:
        buffer.lookup("map", "a", [0])
    assert str(error.value) == "frames form a loop: a → c → b → a"


@pytest.mark.parametrize(
    ("parent", "translation", "quaternion", "reason"),
    [
        ("map", ORIGIN, (0.0, 0.0, 0.0, 0.0), "map → robot has a quaternion of length 0, not 1"),
        ("map", ORIGIN, (0.0, 0.0, math.nan, 1.0), "map → robot has a quaternion of length nan"),
        ("map", ORIGIN, (0.0, 0.0, 0.0, 2.0), "map → robot has a quaternion of length 2, not 1"),
        ("map", (0.0, math.inf, 0.0), IDENTITY, "map → robot has a translation that is not finite"),
        ("robot", ORIGIN, IDENTITY, "frame robot is its own parent"),
        ("", ORIGIN, IDENTITY, "frame names of 1 to 256 characters are expected"),
        ("m" * 257, ORIGIN, IDENTITY, "frame names of 1 to 256 characters are expected"),
    ],
)
def test_illegal_transform_changes_nothing(
    parent: str, translation: tuple[float, ...], quaternion: tuple[float, ...], reason: str
) -> None:
    buffer = TransformBuffer()
    buffer.add("map", "robot", 0, (1, 2, 3), IDENTITY)
    with pytest.raises(DiffhpeError, match=reason):
        buffer.add(parent, "robot", 0, translation, quaternion)
    np.testing.assert_array_equal(buffer.lookup("map", "robot", [0]).translation, [(1, 2, 3)])


def test_stamps_out_of_order_are_sorted() -> None:
    buffer = TransformBuffer()
    for tenth in (0, 2, 1, 4, 3, 1):
        buffer.add("map", "robot", tenth * SECOND // 10, (tenth, 0, 0), IDENTITY)
    stamps = [tenth * SECOND // 20 for tenth in range(9)]
    found = buffer.lookup("map", "robot", stamps).translation[:, 0]
    np.testing.assert_allclose(found, np.arange(9) / 2)


@pytest.mark.parametrize("jump_s", [-3600, 3600])
def test_clock_that_jumps_begins_anew(robot: TransformBuffer, jump_s: int) -> None:
    for tenth in range(3):
        stamp = (jump_s + 100) * SECOND + tenth * SECOND // 10
        robot.add("odom", "base_link", stamp, (tenth, 7, 0), IDENTITY)
    found = robot.lookup("odom", "base_link", [(jump_s + 100) * SECOND + SECOND // 20])
    np.testing.assert_allclose(found.translation, [(0.5, 7, 0)])
    if jump_s < 0:
        with pytest.raises(TransformError, match="the newest is"):
            robot.lookup("odom", "base_link", [2 * SECOND])


def test_memory_is_bounded_in_time_rate_and_frames() -> None:
    buffer = TransformBuffer()
    for millisecond in range(20_000):  # 1 kHz for 20 s
        buffer.add("map", "robot", millisecond * 1_000_000, ORIGIN, IDENTITY)
    assert 2000 <= buffer.samples("robot") <= 2700  # 5 s at 500 Hz
    for number in range(2 * MAX_FRAMES):
        buffer.add("map", f"frame {number}", 0, ORIGIN, IDENTITY)
    assert len(buffer) == MAX_FRAMES
    for step in range(12_000):  # stamps that fall by a little
        buffer.add("map", "backwards", SECOND - step, ORIGIN, IDENTITY)
    assert buffer.samples("backwards") <= 10_000


def test_replay_counts_what_had_come_by_a_stamp_of_tf() -> None:
    """However long the reader waits, it gets the same as it would have got at once."""
    replayed = TransformBuffer(keeps_all=True)
    replayed.add("odom", "robot", 1 * SECOND, (1, 0, 0), IDENTITY)
    replayed.add("odom", "wheel", 4 * SECOND, ORIGIN, IDENTITY)
    replayed.add("odom", "robot", 3 * SECOND, (3, 0, 0), IDENTITY)  # after the wheel's
    with pytest.raises(TransformError):
        replayed.lookup("odom", "robot", [2 * SECOND], known_by_ns=3 * SECOND)
    found = replayed.lookup("odom", "robot", [2 * SECOND], known_by_ns=4 * SECOND)
    np.testing.assert_allclose(found.translation, [(2, 0, 0)])


def test_replay_keeps_what_was_not_asked_for_yet() -> None:
    replayed = TransformBuffer(keeps_all=True)
    for second in range(200):
        replayed.add("odom", "robot", second * SECOND, (second, 0, 0), IDENTITY)
    found = replayed.lookup("odom", "robot", [SECOND // 2, 3 * SECOND // 2])
    np.testing.assert_allclose(found.translation[:, 0], (0.5, 1.5))
    replayed.forget_before(150 * SECOND)
    assert replayed.samples("robot") == 200 - 145


def test_tf2_gives_the_same() -> None:
    """Where ROS is installed."""
    tf2_ros = pytest.importorskip("tf2_ros", reason="tf2_ros comes with ROS, not with PyPI")
    from geometry_msgs.msg import TransformStamped
    from rclpy.time import Time

    theirs, ours = tf2_ros.BufferCore(), TransformBuffer()
    rng = np.random.default_rng(1)
    for second in range(5):
        for parent, child in (("map", "odom"), ("odom", "base"), ("base", "camera")):
            place, turn = rng.normal(size=3), Rotation.from_quat(rng.normal(size=4)).as_quat()
            ours.add(parent, child, second * SECOND, place, turn)
            message = TransformStamped(child_frame_id=child)
            message.header.frame_id, message.header.stamp.sec = parent, second
            t, q = message.transform.translation, message.transform.rotation
            t.x, t.y, t.z = place.tolist()
            q.x, q.y, q.z, q.w = turn.tolist()
            theirs.set_transform(message, "test")
    for stamp in rng.integers(0, 4 * SECOND, 20).tolist():
        expected = theirs.lookup_transform_core("map", "camera", Time(nanoseconds=stamp)).transform
        found = ours.lookup("map", "camera", [stamp])[0]
        t, q = expected.translation, expected.rotation
        np.testing.assert_allclose(found.translation, (t.x, t.y, t.z), atol=1e-6)
        matrix = Rotation.from_quat((q.x, q.y, q.z, q.w)).as_matrix()
        np.testing.assert_allclose(found.rotation, matrix, atol=1e-6)
