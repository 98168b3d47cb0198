"""The examples that subscribe to the lifter."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from geometry_msgs.msg import Twist, Vector3
from graph import PATIENCE_S, ROOT, Graph, activate
from rclpy.qos import DurabilityPolicy, QoSProfile
from robot_frames import OPTICAL, transform
from sensor_msgs.msg import PointCloud2
from standing import standing_windows
from tf2_msgs.msg import TFMessage

from diffhpe_ros.nodes.lifter import LifterNode
from diffhpe_ros.nodes.messages.windows import pack_windows

pytestmark = [pytest.mark.ros, pytest.mark.jazzy]


@contextmanager
def example(graph: Graph, printed: Path, *command: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run an example with its output in a file, and end it with Ctrl-C."""
    with printed.open("wb") as out:
        running = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env=os.environ | {"ROS_DOMAIN_ID": str(graph.domain)},
            stdout=out,
        )
    try:
        yield running
        running.send_signal(signal.SIGINT)
        assert running.wait(PATIENCE_S) == 0
    finally:
        running.kill()
        running.wait()


def test_right_hand_prints_where_it_is_in_base_link(
    graph: Graph, standing_model: Path, tmp_path: Path
) -> None:
    """docs/right-hand.md, with the transform from its step 1."""
    activate(graph.make(LifterNode, model=standing_model, target_frame="base_link"))
    latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    tf_static = graph.node.create_publisher(TFMessage, "/tf_static", latched)
    tf_static.publish(transform("base_link", "camera", 0, (0.1, 0.0, 1.2), OPTICAL))
    windows = graph.node.create_publisher(PointCloud2, "windows", 5)
    printed = tmp_path / "printed.txt"
    with example(graph, printed, "examples/right_hand.py"):
        graph.until(lambda: graph.value("lifter", "joints_listeners") == "2", "the example")
        windows.publish(pack_windows(standing_windows([3])))
        graph.until(lambda: b"person 3" in printed.read_bytes(), "print of the person")
    (line,) = printed.read_text().splitlines()
    # STANDING's hand: 0.22 m to the right, which is the robot's left, and 0.06 m below the hip.
    found = re.fullmatch(
        r"person 3: right hand at x=(.+)±.+ y=(.+)±.+ z=(.+)±.+ m in base_link, seen", line
    )
    assert found is not None, line
    assert [float(text) for text in found.groups()] == pytest.approx([4.05, 0.22, 1.04], abs=0.02)


def test_read_joints_prints_who_is_where(
    graph: Graph, standing_model: Path, tmp_path: Path
) -> None:
    activate(graph.make(LifterNode, model=standing_model))
    windows = graph.node.create_publisher(PointCloud2, "windows", 5)
    printed = tmp_path / "printed.txt"
    with example(graph, printed, "examples/read_joints.py"):
        graph.until(lambda: graph.value("lifter", "joints_listeners") == "2", "the example")
        windows.publish(pack_windows(standing_windows([3, 7])))
        graph.until(lambda: b"person 7" in printed.read_bytes(), "print of the second person")
    first, second = printed.read_text().splitlines()
    assert first.startswith("person 3: hip at ") and first.endswith("16 of 17 joints seen")
    assert second.startswith("person 7: hip at 0.")


def test_stop_near_stops_the_robot_until_the_person_is_far_away(
    graph: Graph, standing_model: Path, tmp_path: Path
) -> None:
    activate(graph.make(LifterNode, model=standing_model))
    speeds: list[float] = []
    graph.node.create_subscription(Twist, "cmd_vel", lambda sent: speeds.append(sent.linear.x), 9)
    planner = graph.node.create_publisher(Twist, "cmd_vel_in", 1)
    windows = graph.node.create_publisher(PointCloud2, "windows", 5)

    def drives() -> bool:
        speeds.clear()
        planner.publish(Twist(linear=Vector3(x=0.5)))
        graph.until(lambda: bool(speeds), "a command")
        return speeds[-1] == 0.5

    command = "examples/stop_near.py", "--ros-args", "-p", "stop_distance:=2.0"
    with example(graph, tmp_path / "printed.txt", *command):
        graph.until(lambda: graph.value("lifter", "nearest_listeners") == "1", "the example")
        graph.until(lambda: planner.get_subscription_count() == 1, "the example")
        assert drives()
        speeds.clear()
        windows.publish(pack_windows(standing_windows([3], distance=1.5)))
        graph.until(lambda: speeds[-1:] == [0.0], "a stop")
        assert not drives()
        windows.publish(pack_windows(standing_windows([3], stamp_ns=6 * 10**9)))
        graph.until(drives, "the person four metres away")
