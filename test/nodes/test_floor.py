"""`floor_frame` and `camera_height`: the lifter gives people their true size."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from graph import EVERYTHING, Graph, activate
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy, QoSProfile
from robot_frames import OPTICAL, transform
from sensor_msgs.msg import PointCloud2
from standing import standing_windows
from tf2_msgs.msg import TFMessage

from diffhpe_ros.nodes.lifter import LifterNode
from diffhpe_ros.nodes.messages.joints import unpack_joints
from diffhpe_ros.nodes.messages.windows import pack_windows

pytestmark = [pytest.mark.ros, pytest.mark.jazzy]
ADULT_M = 1.045
"""Camera above the floor that an adult of `standing_windows` stands on, 4 m away."""
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
Make = Callable[..., LifterNode]


@pytest.fixture
def lifter(graph: Graph, standing_model: Path) -> Make:
    """Creates an unconfigured lifter with parameters."""
    return partial(graph.make, LifterNode, model=standing_model)


@pytest.fixture
def windows(graph: Graph) -> Publisher:
    """The topic of a detector."""
    return graph.node.create_publisher(PointCloud2, "windows", EVERYTHING)


def distance(graph: Graph, windows: Publisher, images: int = 5) -> float:
    """The distance of a person who looks like an adult 4 m away, after some images."""
    graph.until(lambda: windows.get_subscription_count() == 2, "subscriptions")
    for k in range(images):
        seen = standing_windows([3], stamp_ns=5_000_000_000 + 100_000_000 * k)
        windows.publish(pack_windows(seen))
        graph.until(lambda k=k: len(graph.raw["joints"]) == k + 1, "result")
    return float(unpack_joints(graph.messages("joints")[-1]).positions[0, 0, 2])


def test_child_by_the_floor_of_the_robot(lifter: Make, graph: Graph, windows: Publisher) -> None:
    node = lifter(floor_frame="base_footprint")
    tf_static = graph.node.create_publisher(TFMessage, "/tf_static", LATCHED)
    activate(node)
    mast = transform("base_footprint", "camera", 0, (0.1, 0.0, 0.7 * ADULT_M), OPTICAL)
    graph.until(lambda: tf_static.get_subscription_count() == 1, "subscription to /tf_static")
    tf_static.publish(mast)
    assert distance(graph, windows) == pytest.approx(0.7 * 4, rel=0.06)
    graph.until(lambda: graph.value("lifter", "body_scale camera"), "body scale")
    said = graph.value("lifter", "body_scale camera")
    assert said is not None and said.startswith("3: 0.7") and "by floor" in said
    assert "0.73 m below, by base_footprint" in str(graph.value("lifter", "floor camera"))
    tf_static.publish(transform("base_footprint", "camera", 0, (0.1, 0.0, -0.3), OPTICAL))
    graph.forget()
    distance(graph, windows, images=1)
    said = "the camera is at z = -0.30 m of floor_frame base_footprint"
    graph.until(lambda: said in graph.status["lifter"].message, said)


def test_floor_that_is_not_known_is_named(lifter: Make, graph: Graph, windows: Publisher) -> None:
    node = lifter(camera_height=0.7 * ADULT_M)
    activate(node)
    assert distance(graph, windows, images=1) == pytest.approx(4, rel=0.02)
    said = "camera_height also needs gravity"
    graph.until(lambda: said in graph.status["lifter"].message, said)


def test_level_camera_of_known_height(lifter: Make, graph: Graph, windows: Publisher) -> None:
    node = lifter(camera_height=0.7 * ADULT_M, level_camera=True)
    activate(node)
    assert distance(graph, windows) == pytest.approx(0.7 * 4, rel=0.08)


def test_two_floors_are_refused(lifter: Make, graph: Graph) -> None:
    node = lifter(camera_height=1.0, floor_frame="map")
    assert node.trigger_configure() == TransitionCallbackReturn.FAILURE
    graph.until(lambda: "not both" in graph.status["lifter"].message, "reason")
