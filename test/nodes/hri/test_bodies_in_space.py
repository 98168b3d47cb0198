"""People as in ROS4HRI: the bodies that the lifter publishes."""

import sys
from collections import defaultdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from geometry_msgs.msg import PointStamped, TransformStamped, TwistStamped
from graph import Graph, activate
from hri_msgs.msg import IdsList
from numpy.typing import NDArray
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import JointState, PointCloud2
from standing import standing_windows
from std_msgs.msg import String
from tf2_msgs.msg import TFMessage
from urdf_chain import read_urdf

from diffhpe_ros.geometry.kinematic_chain import LINKS
from diffhpe_ros.nodes.lifter import LifterNode
from diffhpe_ros.nodes.messages.joints import unpack_joints
from diffhpe_ros.nodes.messages.windows import pack_windows

pytestmark = [pytest.mark.ros, pytest.mark.jazzy]
SUCCESS, FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


@pytest.fixture
def lifter(graph: Graph, standing_model: Path) -> LifterNode:
    """A lifter in this process, spun together with the listener, for a busy machine."""
    return graph.make(LifterNode, model=standing_model, hri=True, marker_lifetime_s=10.0)


class Robot:
    """A program that gets people only through REP-155."""

    def __init__(self, graph: Graph, lifter: LifterNode) -> None:
        self._graph = graph
        self.received: dict[str, list[Any]] = defaultdict(list)
        self._listen(IdsList, "/humans/bodies/tracked", QoSProfile(depth=50))
        self._listen(TFMessage, "/tf", QoSProfile(depth=100))
        self._windows = graph.node.create_publisher(PointCloud2, "windows", 10)
        activate(lifter)
        graph.until(lambda: self._windows.get_subscription_count() == 2, "lifter")

    def _listen(self, kind: type, topic: str, quality: QoSProfile) -> None:
        self._graph.node.create_subscription(kind, topic, self.received[topic].append, quality)

    def see(self, track_ids: list[int], stamp_s: int, camera: str = "camera") -> list[str]:
        """Send windows of people; returns the tracked bodies."""
        tracked = self.received["/humans/bodies/tracked"]
        count = len(tracked) + 1
        windows = standing_windows(track_ids, camera, stamp_ns=stamp_s * 10**9)
        self._windows.publish(pack_windows(windows))
        self._graph.until(lambda: len(tracked) == count, "tracked bodies")
        return list(tracked[-1].ids)

    def meet(self, body: str) -> None:
        """Subscribe to a body's topics."""
        for kind, name, quality in (
            (JointState, "joint_states", 5), (PointStamped, "position", 5),
            (TwistStamped, "velocity", 5), (String, "urdf", LATCHED),
        ):  # fmt: skip
            topic = f"/humans/bodies/{body}/{name}"
            quality = QoSProfile(depth=quality) if isinstance(quality, int) else quality
            self._listen(kind, topic, quality)
            self._graph.until(partial(self._has_publisher, topic), topic)

    def _has_publisher(self, topic: str) -> bool:
        return self._graph.node.count_publishers(topic) == 1

    def of(self, body: str, name: str) -> list[Any]:
        return self.received[f"/humans/bodies/{body}/{name}"]


def pose_of(transform: TransformStamped) -> NDArray[np.float64]:
    """A transform as a matrix (4, 4)."""
    q, t = transform.transform.rotation, transform.transform.translation
    x, y, z, w = q.x, q.y, q.z, q.w
    pose = np.eye(4)
    pose[:3] = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w), t.x],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w), t.y],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y), t.z],
    ]
    return pose


def in_frame(transforms: list[TransformStamped], frame_id: str) -> dict[str, NDArray[np.float64]]:
    """Pose (4, 4) of each frame in their common ancestor."""
    poses = {frame_id: np.eye(4)}
    for each in transforms:
        poses[each.child_frame_id] = poses[each.header.frame_id] @ pose_of(each)
    return poses


def test_angles_urdf_and_frames_give_the_joints_back(lifter: LifterNode, graph: Graph) -> None:
    robot = Robot(graph, lifter)
    assert robot.see([0, 4], 1) == ["b0001", "b0005"]
    robot.meet("b0005")
    robot.see([0, 4], 1)
    for name in ("velocity", "joint_states", "urdf"):
        graph.until(lambda name=name: robot.of("b0005", name), name)
    graph.until(lambda: len(robot.received["/tf"]) == 4, "frames")

    joints = unpack_joints(graph.messages("joints")[-1]).positions[1].astype(np.float64)
    angles, urdf = (robot.of("b0005", name)[-1] for name in ("joint_states", "urdf"))
    places = read_urdf(urdf.data).places(dict(zip(angles.name, angles.position, strict=True)))
    poses = in_frame(robot.received["/tf"][-1].transforms, "camera")
    body = poses["body_b0005"]
    np.testing.assert_allclose(body[:3, 3], joints[0], atol=1e-5)
    for joint, link in LINKS.items():
        by_angles = body[:3, :3] @ places[f"{link}_b0005"] + body[:3, 3]
        np.testing.assert_allclose(by_angles, joints[joint], atol=0.005)
        np.testing.assert_allclose(poses[f"{link}_b0005"][:3, 3], joints[joint], atol=0.005)
    thigh = joints[5] - joints[4]
    down = poses["l_hip_b0005"][:3, :3] @ (0, 0, -1)
    np.testing.assert_allclose(down, thigh / np.linalg.norm(thigh), atol=1e-4)

    position, velocity = (robot.of("b0005", name)[-1] for name in ("position", "velocity"))
    assert position.header.frame_id == velocity.header.frame_id == "camera"
    np.testing.assert_allclose([position.point.x, position.point.z], joints[0, ::2], atol=1e-5)
    assert abs(velocity.twist.linear.x) < 0.1


def test_topics_of_a_body_are_removed_when_it_leaves(lifter: LifterNode, graph: Graph) -> None:
    robot = Robot(graph, lifter)
    assert robot.see([0, 1], 1) == ["b0001", "b0002"]
    robot.meet("b0001")
    robot.meet("b0002")
    assert robot.see([1], 20) == ["b0002"]
    gone, there = "/humans/bodies/b0001/position", "/humans/bodies/b0002/position"
    graph.until(lambda: graph.node.count_publishers(gone) == 0, "removed topics")
    assert graph.node.count_publishers(there) == 1
    assert robot.see([], 40) == []
    graph.until(lambda: graph.node.count_publishers(there) == 0, "removed topics")


def test_topics_of_a_body_have_no_events_that_the_executor_waits_for(
    lifter: LifterNode, graph: Graph
) -> None:
    """These topics are created and destroyed in another thread than the executor's."""
    robot = Robot(graph, lifter)
    robot.see([0], 1)
    robot.meet("b0001")
    of_body = [each for each in lifter.publishers if "/humans/bodies/b0001/" in each.topic_name]
    assert len(of_body) == 4
    assert not any(each.event_handlers for each in of_body)


def test_bodies_of_a_camera_that_is_silent_are_removed(graph: Graph, standing_model: Path) -> None:
    """Its detector may have died. Planners are not told that nobody is there."""
    robot = Robot(graph, graph.make(LifterNode, model=standing_model, hri=True))
    obstacles: list[PointCloud2] = []
    graph.node.create_subscription(PointCloud2, "obstacles", obstacles.append, 10)
    graph.until(lambda: graph.node.count_subscribers("obstacles") == 1, "subscription")
    robot.see([0], 1)
    tracked = robot.received["/humans/bodies/tracked"]
    graph.until(lambda: len(tracked) == 2, "a list without being seen")
    assert list(tracked[-1].ids) == []
    topic = "/humans/bodies/b0001/position"
    graph.until(lambda: graph.node.count_publishers(topic) == 0, "removed topics")
    assert len(obstacles) == 1 and obstacles[0].width > 0


def test_same_id_of_two_cameras_is_a_warning(lifter: LifterNode, graph: Graph) -> None:
    robot = Robot(graph, lifter)
    robot.see([0], 1, "left")
    robot.see([0], 1, "right")
    text = "left and right both have the body b0001: give each detector its own first_track_id"
    graph.until(lambda: text in graph.status["lifter"].message, "warning")


def test_bodies_are_removed_with_the_node(lifter: LifterNode, graph: Graph) -> None:
    robot = Robot(graph, lifter)
    robot.see([0], 1)
    assert lifter.trigger_deactivate() == SUCCESS
    tracked = robot.received["/humans/bodies/tracked"]
    graph.until(lambda: len(tracked) == 2, "the last message")
    assert list(tracked[-1].ids) == []


def test_without_hri_msgs_the_node_says_how_to_install_it(
    lifter: LifterNode, graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "hri_msgs.msg", None)
    assert lifter.trigger_configure() == FAILURE
    graph.until(
        lambda: "sudo apt install ros-$ROS_DISTRO-hri-msgs" in graph.status["lifter"].message,
        "reason",
    )
