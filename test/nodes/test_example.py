"""The examples that subscribe to the lifter."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from geometry_msgs.msg import Twist, Vector3
from graph import ROOT, Graph
from rclpy.context import Context
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile
from robot_frames import OPTICAL, transform
from sensor_msgs.msg import PointCloud2
from standing import standing_windows
from tf2_msgs.msg import TFMessage

from diffhpe_ros.nodes.lifter import LifterNode
from diffhpe_ros.nodes.messages.windows import pack_windows

pytestmark = [pytest.mark.ros, pytest.mark.jazzy]
SUCCESS = TransitionCallbackReturn.SUCCESS


@pytest.fixture
def lifter(context: Context, graph: Graph, standing_model: Path) -> Iterator[LifterNode]:
    """Active, and spun together with the listener."""
    node = LifterNode(context=context, use_global_arguments=False)
    node.set_parameters([Parameter("model", value=str(standing_model))])
    graph.executor.add_node(node)
    assert node.trigger_configure() == node.trigger_activate() == SUCCESS
    yield node
    node.close()
    node.destroy_node()


@pytest.fixture
def base_lifter(context: Context, graph: Graph, standing_model: Path) -> Iterator[LifterNode]:
    """Gives people in base_link."""
    node = LifterNode(context=context, use_global_arguments=False)
    node.set_parameters(
        [
            Parameter("model", value=str(standing_model)),
            Parameter("target_frame", value="base_link"),
        ]
    )
    graph.executor.add_node(node)
    assert node.trigger_configure() == node.trigger_activate() == SUCCESS
    yield node
    node.close()
    node.destroy_node()


def test_right_hand_prints_where_it_is_in_base_link(
    base_lifter: LifterNode, graph: Graph, tmp_path: Path
) -> None:
    """docs/right-hand.md, with the transform that its step 1 sends."""
    printed = tmp_path / "printed.txt"
    with printed.open("wb") as out:
        example = subprocess.Popen(
            [sys.executable, "examples/right_hand.py"],
            cwd=ROOT,
            env=os.environ | {"ROS_DOMAIN_ID": str(graph.domain)},
            stdout=out,
        )
    latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    tf_static = graph.node.create_publisher(TFMessage, "/tf_static", latched)
    tf_static.publish(transform("base_link", "camera", 0, (0.1, 0.0, 1.2), OPTICAL))
    windows = graph.node.create_publisher(PointCloud2, "windows", 5)
    graph.until(lambda: graph.value("lifter", "joints_listeners") == "2", "the example")
    windows.publish(pack_windows(standing_windows([3])))
    graph.until(lambda: b"person 3" in printed.read_bytes(), "print of the person")
    example.send_signal(signal.SIGINT)
    assert example.wait(60) == 0
    (line,) = printed.read_text().splitlines()
    # STANDING's hand: 0.22 m to the right, which is the robot's left, and 0.06 m below the hip.
    found = re.fullmatch(
        r"person 3: right hand at x=(.+)±.+ y=(.+)±.+ z=(.+)±.+ m in base_link, seen", line
    )
    assert found is not None, line
    assert [float(text) for text in found.groups()] == pytest.approx([4.05, 0.22, 1.04], abs=0.02)


def test_read_joints_prints_who_is_where(lifter: LifterNode, graph: Graph, tmp_path: Path) -> None:
    printed = tmp_path / "printed.txt"
    with printed.open("wb") as out:
        example = subprocess.Popen(
            [sys.executable, "examples/read_joints.py"],
            cwd=ROOT,
            env=os.environ | {"ROS_DOMAIN_ID": str(graph.domain)},
            stdout=out,
        )
    windows = graph.node.create_publisher(PointCloud2, "windows", 5)
    graph.until(lambda: graph.value("lifter", "joints_listeners") == "2", "the example")
    windows.publish(pack_windows(standing_windows([3, 7])))
    graph.until(lambda: b"person 7" in printed.read_bytes(), "print of the second person")
    example.send_signal(signal.SIGINT)
    assert example.wait(60) == 0
    first, second = printed.read_text().splitlines()
    assert first.startswith("person 3: hip at ") and first.endswith("16 of 17 joints seen")
    assert second.startswith("person 7: hip at 0.")


def test_stop_near_stops_the_robot_until_the_person_is_far_away(
    lifter: LifterNode, graph: Graph
) -> None:
    example = subprocess.Popen(
        [sys.executable, "examples/stop_near.py", "--ros-args", "-p", "stop_distance:=2.0"],
        cwd=ROOT,
        env=os.environ | {"ROS_DOMAIN_ID": str(graph.domain)},
    )
    speeds: list[float] = []
    graph.node.create_subscription(Twist, "cmd_vel", lambda sent: speeds.append(sent.linear.x), 9)
    planner = graph.node.create_publisher(Twist, "cmd_vel_in", 1)
    windows = graph.node.create_publisher(PointCloud2, "windows", 5)
    graph.until(lambda: graph.value("lifter", "nearest_listeners") == "1", "the example")
    graph.until(lambda: planner.get_subscription_count() == 1, "the example")

    def drives() -> bool:
        speeds.clear()
        planner.publish(Twist(linear=Vector3(x=0.5)))
        graph.until(lambda: bool(speeds), "a command")
        return speeds[-1] == 0.5

    assert drives()
    speeds.clear()
    windows.publish(pack_windows(standing_windows([3], distance=1.5)))
    graph.until(lambda: speeds[-1:] == [0.0], "a stop")
    assert not drives()
    windows.publish(pack_windows(standing_windows([3], stamp_ns=6 * 10**9)))
    graph.until(drives, "the person four metres away")
    example.send_signal(signal.SIGINT)
    assert example.wait(60) == 0
