"""People in the robot's frame: the lifter with /tf, and with missing and late transforms."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from geometry_msgs.msg import Point
from graph import EVERYTHING, Graph, activate
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.qos import DurabilityPolicy, QoSProfile
from robot_frames import OPTICAL, transform, turned
from scipy.spatial.transform import Rotation
from sensor_msgs.msg import Imu, PointCloud2
from standing import standing_windows
from tf2_msgs.msg import TFMessage
from visualization_msgs.msg import Marker

from diffhpe_ros.nodes.lifter import LifterNode
from diffhpe_ros.nodes.messages.joints import UnpackedJoints, unpack_joints
from diffhpe_ros.nodes.messages.windows import pack_progress, pack_windows
from diffhpe_ros.pipeline.ego_motion import turn_rays
from diffhpe_ros.pipeline.people import PeopleWindows

pytestmark = [pytest.mark.ros, pytest.mark.jazzy]
SECOND = 10**9
MAST = transform("base_link", "camera", 0, (0.1, 0.0, 1.2), OPTICAL)
"""The camera looks forward, 1.2 m above the base."""


class Robot:
    """A lifter in this process, and the topics that a robot sends it."""

    def __init__(self, graph: Graph, model: Path, **parameters: Any) -> None:
        self.graph = graph
        # A long timeout, for busy machines: transforms that are missing at first will arrive.
        usual = {"target_frame": "base_link", "transform_timeout_s": 10.0}
        self.lifter = graph.make(LifterNode, model=model, **usual | parameters)
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        create = graph.node.create_publisher
        self.windows = create(PointCloud2, "windows", EVERYTHING)
        self.tf = create(TFMessage, "/tf", EVERYTHING)
        self.tf_static = create(TFMessage, "/tf_static", latched)
        activate(self.lifter)
        ready = (self.windows, 2), (self.tf, 1), (self.tf_static, 1)
        graph.until(
            lambda: all(topic.get_subscription_count() == count for topic, count in ready),
            "subscriptions",
        )

    def see(self, *people: int, **where: Any) -> None:
        """Send windows of people."""
        self.windows.publish(pack_windows(standing_windows([*people], **where)))

    def joints(self, count: int = 1) -> list[UnpackedJoints]:
        """The first results."""
        self.graph.until(lambda: len(self.graph.raw["joints"]) >= count, f"{count} results")
        return [unpack_joints(message) for message in self.graph.messages("joints")]

    def says(self, text: str) -> None:
        """Wait for a text in the diagnostics."""
        self.graph.until(lambda: text in self.graph.status["lifter"].message, repr(text))


@pytest.fixture
def robot(graph: Graph, standing_model: Path) -> Callable[..., Robot]:
    """Creates a robot with parameters."""
    return partial(Robot, graph, standing_model)


def test_joints_and_covariances_are_in_the_target_frame(robot: Callable[..., Robot]) -> None:
    base = robot()
    base.tf_static.publish(MAST)
    base.see(3, 7)
    (joints,) = base.joints()
    assert (joints.frame_id, joints.camera, joints.track_ids) == ("base_link", "camera", (3, 7))
    np.testing.assert_allclose(joints.positions[0, 0], (4.1, 0, 1.1), atol=0.02)
    np.testing.assert_allclose(joints.positions[1, 0], (4.1, -0.5, 1.1), atol=0.02)
    heads, feet = joints.positions[:, 10, 2], joints.positions[:, 6, 2]
    assert (heads - feet > 1.4).all()  # upright
    # The distance from the camera is the least certain, which is now along x.
    variances = np.diagonal(joints.covariance[0, 0])
    assert variances[0] > 10 * max(variances[1:])


def test_markers_stand_upright_and_are_deleted_in_the_target_frame(
    robot: Callable[..., Robot], graph: Graph
) -> None:
    base = robot()
    base.tf_static.publish(MAST)
    base.see(3)
    base.joints()
    graph.until(lambda: graph.raw["skeletons"], "markers")
    base.lifter.trigger_deactivate()
    graph.until(lambda: len(graph.raw["skeletons"]) == 2, "deletion")
    shown, deleted = graph.messages("skeletons")
    assert {marker.header.frame_id for marker in shown.markers} == {"base_link"}
    assert {marker.header.frame_id for marker in deleted.markers} == {"base_link"}
    assert {marker.action for marker in deleted.markers} == {Marker.DELETE}
    names = {(marker.ns, marker.id) for marker in shown.markers}
    assert names == {(marker.ns, marker.id) for marker in deleted.markers}
    (floor,) = (marker for marker in shown.markers if marker.type == Marker.CYLINDER)
    lying = floor.pose.orientation
    assert (lying.x, lying.y) == (0, 0)
    assert floor.pose.position.z == pytest.approx(1.1 - 0.87 - 0.08, abs=0.03)
    (label,) = (marker for marker in shown.markers if marker.type == Marker.TEXT_VIEW_FACING)
    assert label.text == "#3  4.0 m"  # from the camera, not from the base
    assert isinstance(label.pose.position, Point) and label.pose.position.z > 1.7


def test_moving_robot_is_looked_up_at_the_stamp_of_the_image(robot: Callable[..., Robot]) -> None:
    base = robot(target_frame="odom")
    base.tf_static.publish(MAST)
    for second, degrees in ((4, -90.0), (6, 90.0)):
        base.tf.publish(
            transform("odom", "base_link", second * SECOND, (second, 0, 0), turned(degrees))
        )
    base.see(1, stamp_ns=5 * SECOND)
    base.joints()  # live, a second message would replace the first
    base.see(1, stamp_ns=11 * SECOND // 2)
    straight, left = (each.positions[0, 0] for each in base.joints(2))
    np.testing.assert_allclose(straight, (5 + 4.1, 0, 1.1), atol=0.02)
    reach = 4.1 * np.sqrt(0.5)
    np.testing.assert_allclose(left, (5.5 + reach, reach, 1.1), atol=0.02)


def test_late_transform_is_waited_for(robot: Callable[..., Robot], graph: Graph) -> None:
    base = robot(target_frame="odom")
    base.tf_static.publish(MAST)
    base.tf.publish(transform("odom", "base_link", 4 * SECOND))
    base.see(1, stamp_ns=5 * SECOND)
    graph.subscribe(0.3)
    assert not graph.raw["joints"]
    base.tf.publish(transform("odom", "base_link", 6 * SECOND))
    np.testing.assert_allclose(base.joints()[0].positions[0, 0], (4.1, 0, 1.1), atol=0.02)


def test_missing_transform_costs_the_message_and_says_which_link(
    robot: Callable[..., Robot], graph: Graph
) -> None:
    base = robot(target_frame="odom", transform_timeout_s=0.1)
    base.see(1, 2)
    base.says("camera has no parent: is the robot description running?")
    base.tf_static.publish(MAST)
    base.see(1, 2)
    base.says("no transform has the frame odom: the newest frames are camera")
    base.tf.publish(transform("odom", "base_link", 4_700_000_000))
    base.see(1, 2)
    base.says("no transform odom → base_link at 5.00; the newest is 0.30 s older")
    assert not graph.raw["joints"]
    graph.until(lambda: graph.value("lifter", "untransformed") == "6", "count of six people")
    base.tf.publish(transform("odom", "base_link", 6 * SECOND))
    base.see(1, 2)
    base.joints()
    base.says("active")


def test_illegal_transforms_are_counted_and_named(
    robot: Callable[..., Robot], graph: Graph
) -> None:
    base = robot()
    base.tf_static.publish(MAST)
    base.tf.publish(transform("map", "odom", SECOND, quaternion=(0.0, 0.0, 0.0, 0.0)))
    base.says("/tf: map → odom has a quaternion of length 0, not 1")
    assert graph.value("lifter", "tf_refused") == "1"
    base.says("active")  # the warning ends when no more come
    base.see(1)
    base.joints()


def test_two_cameras_with_one_frame_id_stay_two(robot: Callable[..., Robot], graph: Graph) -> None:
    base = robot()
    base.tf_static.publish(MAST)
    other = graph.node.create_publisher(PointCloud2, "windows", EVERYTHING)
    graph.until(lambda: other.get_subscription_count() == 2, "subscriptions")
    for name, detector in (("left", base.windows), ("right", other)):
        windows = standing_windows([1])
        detector.publish(pack_windows(replace(windows, camera_name=name)))
    found = base.joints(2)
    assert {(each.camera, each.frame_id) for each in found} == {
        ("left", "base_link"),
        ("right", "base_link"),
    }
    graph.until(lambda: len(graph.raw["skeletons"]) == 2, "markers")
    names = {each.ns for message in graph.messages("skeletons") for each in message.markers}
    assert names == {"left/person_1", "right/person_1", "ellipsoids/left", "ellipsoids/right"}


def test_static_transforms_that_are_sent_again_and_again_may_be_volatile(
    robot: Callable[..., Robot], graph: Graph
) -> None:
    """Some bridges do so; the QoS can be set as the diagnostics advise."""
    name = "qos_overrides./tf_static.subscription.durability"
    base = robot(**{name: "volatile"})
    volatile = graph.node.create_publisher(TFMessage, "/tf_static", EVERYTHING)
    graph.until(lambda: volatile.get_subscription_count() == 1, "subscription")
    volatile.publish(MAST)
    base.see(1)
    assert base.joints()[0].frame_id == "base_link"


def test_windows_are_freed_from_the_motion_of_the_camera(
    robot: Callable[..., Robot], graph: Graph
) -> None:
    base = robot(target_frame="", motion_frame="odom")
    base.tf_static.publish(MAST)
    base.see(1)
    base.says(
        "no transform has the frame odom: the newest frames are camera; the camera is assumed to be"
    )
    np.testing.assert_allclose(base.joints()[0].positions[0, 0], (0, 0.1, 4), atol=0.02)

    # The robot turns right by 40 degrees, which moves a person at rest to the left in the image.
    angles = np.linspace(40, 0, 27)
    for angle, stamp in zip(angles, 5 * SECOND + np.arange(-26, 1) * 20_000_000, strict=True):
        base.tf.publish(transform("odom", "base_link", int(stamp), quaternion=turned(angle)))
    base.windows.publish(pack_windows(panned(40)))
    np.testing.assert_allclose(base.joints(2)[1].positions[0, 0], (0, 0.1, 4), atol=0.02)
    assert graph.value("lifter", "without_motion") == "1"


def test_gyroscope_does_without_odometry(robot: Callable[..., Robot], graph: Graph) -> None:
    base = robot(target_frame="", imu=True)
    imu = graph.node.create_publisher(Imu, "imu", EVERYTHING)
    graph.until(lambda: imu.get_subscription_count() == 1, "subscription to imu")
    base.tf_static.publish(MAST)
    base.tf_static.publish(transform("base_link", "imu_link", 0, quaternion=turned(90)))

    # To the right by 40 degrees in 0.52 s; the sensor's z axis points up, as the robot's.
    for stamp in range(5 * SECOND - 26 * 20_000_000, 5 * SECOND + 1, 10_000_000):
        message = Imu()
        message.header.frame_id = "imu_link"
        message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp, SECOND)
        message.angular_velocity.z = -float(np.radians(40) / 0.52)
        imu.publish(message)
    base.windows.publish(pack_windows(panned(40)))
    np.testing.assert_allclose(base.joints()[0].positions[0, 0], (0, 0.1, 4), atol=0.02)
    assert graph.value("lifter", "without_motion") is None


def panned(degrees: float) -> PeopleWindows:
    """A still person, seen while the camera turns right by an angle."""
    windows = standing_windows([1])
    angles = np.radians(np.linspace(degrees, 0, 27))
    turns = Rotation.from_rotvec(angles[:, None] * np.array([0, 1, 0])).as_matrix()
    keypoints, covariance = turn_rays(windows.keypoints, windows.covariance, turns[None])
    return replace(windows, keypoints=keypoints, covariance=covariance)


def test_replay_gives_the_same_bytes_whenever_tf_comes(
    robot: Callable[..., Robot], graph: Graph
) -> None:
    """As when a bag with /tf is played twice, on a fast and on a slow machine."""
    stamps = [2 * SECOND + 33_000_000 * frame for frame in range(20)]

    def replay(tf_comes_first: bool) -> dict[str, list[bytes]]:
        base = robot(target_frame="odom", replay=True)
        base.tf_static.publish(MAST)
        drives, sees = partial(drive, base), partial(see, base)
        for send in (drives, sees) if tf_comes_first else (sees, drives):
            send()
            graph.subscribe(0.3)
        # Coherence comes last.
        graph.until(lambda: len(graph.raw["coherence"]) == len(stamps), "results of all images")
        heard = {topic: list(graph.raw[topic]) for topic in ("joints", "coherence", "skeletons")}
        base.lifter.close()
        graph.forget()
        return heard

    def drive(base: Robot) -> None:
        for tenth in range(10, 60):
            place, heading = (tenth, 0, 0), turned(360 * np.sin(tenth))
            base.tf.publish(transform("odom", "base_link", tenth * SECOND // 10, place, heading))

    def see(base: Robot) -> None:
        for stamp in stamps:
            base.see(1, stamp_ns=stamp)

    first, second = replay(tf_comes_first=True), replay(tf_comes_first=False)
    assert len(first["joints"]) == len(stamps)
    for topic, messages in first.items():
        assert messages == second[topic], topic


def test_person_seen_by_two_cameras_is_published_once(robot: Callable[..., Robot]) -> None:
    base = robot(fuse_cameras=True)
    base.tf_static.publish(MAST)
    right = transform("base_link", "right", 0, (0.1, 0.0, 1.2), OPTICAL)
    base.tf_static.publish(TFMessage(transforms=MAST.transforms + right.transforms))
    base.see(3)
    base.see(8, frame_id="right")
    alone, fused = base.joints(2)
    assert alone.camera == fused.camera == "fused"
    assert alone.track_ids == fused.track_ids == (0,)
    np.testing.assert_allclose(fused.positions, alone.positions, atol=0.01)
    assert np.trace(fused.covariance[0, 0]) <= np.trace(alone.covariance[0, 0]) * 1.001


def test_fusion_without_a_common_frame_is_refused(graph: Graph, standing_model: Path) -> None:
    node = graph.make(LifterNode, model=standing_model, fuse_cameras=True)
    assert node.trigger_configure() == TransitionCallbackReturn.FAILURE
    graph.until(lambda: "set target_frame" in graph.status["lifter"].message, "reason")


def test_replay_of_two_fused_cameras_does_not_depend_on_the_faster_detector(
    robot: Callable[..., Robot], graph: Graph
) -> None:
    """One camera is ahead of the other; in some images it sees no people, and announces them."""
    stamps = [5 * SECOND + 50_000_000 * k for k in range(8)]

    def replay(first: str, second: str) -> list[bytes]:
        base = robot(fuse_cameras=True, replay=True, expected_cameras=2)
        right = transform("base_link", "right", 0, (0.1, 0.0, 1.2), OPTICAL)
        base.tf_static.publish(TFMessage(transforms=MAST.transforms + right.transforms))
        for frame_id in (first, second):
            for k, stamp in enumerate(stamps):
                if frame_id == "right" and k % 3 == 1:
                    base.windows.publish(pack_progress(frame_id, stamp, ""))
                else:
                    base.see(3, frame_id=frame_id, stamp_ns=stamp)
        base.windows.publish(pack_progress("camera", stamps[-1] + 1, ""))
        base.windows.publish(pack_progress("right", stamps[-1] + 1, ""))
        expected = len(stamps) + sum(k % 3 != 1 for k in range(len(stamps)))
        graph.until(lambda: len(graph.raw["joints"]) == expected, "results of all images")
        heard = list(graph.raw["joints"])
        base.lifter.close()
        graph.forget()
        return heard

    assert replay("camera", "right") == replay("right", "camera")
