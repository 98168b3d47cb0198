"""The topics `obstacles` and `nearest`: their messages, and the running lifter."""

from pathlib import Path

import numpy as np
import pytest
from graph import Graph, activate
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from robot_frames import transform
from sensor_msgs.msg import PointCloud2
from standing import people_at, standing_at, standing_windows
from tf2_msgs.msg import TFMessage

from diffhpe_ros.nodes.lifter import LifterNode
from diffhpe_ros.nodes.messages import nearest as nearest_message
from diffhpe_ros.nodes.messages import obstacles as obstacles_message
from diffhpe_ros.nodes.messages.cloud import unpack_cloud
from diffhpe_ros.nodes.messages.joints import unpack_joints
from diffhpe_ros.nodes.messages.nearest import pack_nearest
from diffhpe_ros.nodes.messages.obstacles import pack_obstacles
from diffhpe_ros.nodes.messages.windows import pack_windows
from diffhpe_ros.pipeline.nearest import Target, nearest
from diffhpe_ros.pipeline.obstacles import obstacles
from diffhpe_ros.pipeline.options import ObstacleOptions

pytestmark = pytest.mark.jazzy
SUCCESS = TransitionCallbackReturn.SUCCESS
PEOPLE = people_at(np.stack([standing_at(0, 0, 4), standing_at(1, 0, 5)]), (3, 7), "cam")
CAMERA = Target(np.zeros(3), np.zeros(3))


def test_obstacles_are_points_with_the_person_they_are_on() -> None:
    found = obstacles(PEOPLE, ObstacleOptions())
    message = pack_obstacles("cam", 1_500_000_000, found)
    assert [field.name for field in message.fields] == ["x", "y", "z", "person"]
    assert (message.header.frame_id, message.header.stamp.nanosec) == ("cam", 500_000_000)
    points = unpack_cloud(message, obstacles_message.POINT)[0]
    np.testing.assert_array_equal(points["z"], found.points[:, 2])
    assert set(points["person"].tolist()) == {3, 7}


def test_nearest_has_a_point_for_each_person_and_target() -> None:
    found = nearest(PEOPLE, {0: CAMERA, 2: CAMERA})
    message = pack_nearest("cam", 1_500_000_000, found)
    names = ["x", "y", "z", "person", "target", "distance", "distance_95", "approach_speed"]
    assert [field.name for field in message.fields] == names
    points = unpack_cloud(message, nearest_message.POINT)[0]
    assert points[["person", "target"]].tolist() == [(3, 0), (3, 2), (7, 0), (7, 2)]
    np.testing.assert_allclose(points["distance"][0], found[0].closest.distance, rtol=1e-6)


@pytest.fixture
def lifter(graph: Graph, standing_model: Path) -> LifterNode:
    """A lifter in this process, spun together with the listener."""
    return graph.make(LifterNode, model=standing_model)


class Planner:
    """A program that subscribes to both topics, and publishes windows of people."""

    def __init__(self, graph: Graph, lifter: LifterNode) -> None:
        self._graph = graph
        self.obstacles: list[PointCloud2] = []
        self.nearest: list[PointCloud2] = []
        for kept, topic in ((self.obstacles, "obstacles"), (self.nearest, "nearest")):
            graph.node.create_subscription(PointCloud2, topic, kept.append, 10)
        self._windows = graph.node.create_publisher(PointCloud2, "windows", 10)
        activate(lifter)
        graph.until(lambda: self._windows.get_subscription_count() == 2, "lifter")

    def see(self, track_ids: list[int], stamp_ns: int) -> None:
        self._windows.publish(pack_windows(standing_windows(track_ids, stamp_ns=stamp_ns)))
        count = len(self.nearest) + 1
        self._graph.until(lambda: len(self.nearest) == len(self.obstacles) == count, "messages")


@pytest.mark.ros
def test_people_are_obstacles_until_they_leave(lifter: LifterNode, graph: Graph) -> None:
    planner = Planner(graph, lifter)
    planner.see([1, 2], 10**9)
    planner.see([], 2 * 10**9)
    there, gone = planner.obstacles
    joints = unpack_joints(graph.messages("joints")[0])
    points = unpack_cloud(there, obstacles_message.POINT)[0]
    for person, positions in zip(joints.track_ids, joints.positions, strict=True):
        of_person = points[points["person"] == person]
        for axis, joint in zip("xyz", positions.T, strict=True):
            assert of_person[axis].min() < joint.min() < joint.max() < of_person[axis].max()
    assert (gone.width, len(gone.data)) == (0, 0)
    assert gone.header.stamp.sec == 2
    near = unpack_cloud(planner.nearest[0], nearest_message.POINT)[0]
    assert near[["person", "target"]].tolist() == [(1, 0), (2, 0)]
    assert (near["distance_95"] < near["distance"]).all()
    assert ((near["distance"] > 3.5) & (near["distance"] < 4)).all()
    assert planner.nearest[1].width == 0


@pytest.mark.ros
def test_people_are_no_obstacles_once_the_node_is_inactive(
    lifter: LifterNode, graph: Graph
) -> None:
    planner = Planner(graph, lifter)
    planner.see([1], 10**9)
    assert lifter.trigger_deactivate() == SUCCESS
    graph.until(lambda: len(planner.obstacles) == 2, "the last message")
    assert [cloud.width > 0 for cloud in planner.obstacles] == [True, False]


@pytest.mark.ros
def test_distances_to_frames_of_the_robot_are_by_tf(lifter: LifterNode, graph: Graph) -> None:
    lifter.set_parameters([Parameter("distance_frames", value="camera, gripper, elsewhere")])
    tf = graph.node.create_publisher(TFMessage, "/tf", 10)
    planner = Planner(graph, lifter)
    graph.until(lambda: tf.get_subscription_count() == 1, "listener of /tf")
    for tenths, ahead in ((8, 0.8), (9, 0.9), (10, 1.0), (11, 1.1)):  # 1 m/s towards the person
        tf.publish(transform("camera", "gripper", tenths * 10**8, (0.0, 0.0, ahead)))
    planner.see([1], 10**9)
    camera, gripper = unpack_cloud(planner.nearest[0], nearest_message.POINT)[0]
    assert (camera["target"], gripper["target"]) == (0, 1)
    assert camera["distance"] - gripper["distance"] == pytest.approx(1.0, abs=0.03)
    speed_of_person = camera["approach_speed"]
    assert gripper["approach_speed"] == pytest.approx(1.0 + speed_of_person, abs=0.05)
    graph.until(lambda: "elsewhere" in graph.status["lifter"].message, "warning")
