"""`upright_frames`: children of optical frames with z up, from an accelerometer or people."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from graph import EVERYTHING, Graph, activate
from numpy.typing import NDArray
from rclpy.qos import DurabilityPolicy, QoSProfile
from robot_frames import transform
from scipy.spatial.transform import Rotation
from sensor_msgs.msg import Imu, PointCloud2
from standing import people_at, standing_windows
from tf2_msgs.msg import TFMessage

from diffhpe_ros.geometry.upright import LEVEL
from diffhpe_ros.nodes.lifter import LifterNode
from diffhpe_ros.nodes.messages.windows import pack_windows
from diffhpe_ros.nodes.upright_frames import UprightFrames
from diffhpe_ros.pipeline.gravity import Gravity
from diffhpe_ros.rendering.clip import walking_clip

pytestmark = [pytest.mark.ros, pytest.mark.jazzy]
SECOND = 10**9
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
DOWN = Rotation.from_euler("x", 30, degrees=True).as_matrix()
"""From a level camera to one in the same position that looks down."""


class Heard:
    """The messages on /tf_static about the camera's frame."""

    def __init__(self, graph: Graph) -> None:
        self.graph, self.axes = graph, list[NDArray[np.float64]]()
        graph.node.create_subscription(TFMessage, "/tf_static", self._keep, LATCHED)

    def is_up(self, expected: NDArray[np.float64], tolerance: float) -> bool:
        """Whether the frame's z axis has this direction."""
        return bool(self.axes) and np.allclose(self.axes[-1][:, 2], expected, atol=tolerance)

    def _keep(self, message: TFMessage) -> None:
        for each in message.transforms:
            if each.child_frame_id == "camera_upright":
                assert each.header.frame_id == "camera"
                q = each.transform.rotation
                self.axes.append(Rotation.from_quat([q.x, q.y, q.z, q.w]).as_matrix())


@pytest.fixture
def lifter(graph: Graph, standing_model: Path) -> LifterNode:
    node = graph.make(LifterNode, model=standing_model, upright_frames="camera, rear", imu=True)
    activate(node)
    return node


def test_level_at_first_then_by_the_accelerometer(lifter: LifterNode, graph: Graph) -> None:
    heard = Heard(graph)
    graph.until(lambda: heard.is_up(LEVEL, 1e-6), "the level frame")
    create = graph.node.create_publisher
    imu, tf_static = create(Imu, "imu", EVERYTHING), create(TFMessage, "/tf_static", LATCHED)
    windows = create(PointCloud2, "windows", EVERYTHING)
    graph.until(
        lambda: imu.get_subscription_count() == 1 and tf_static.get_subscription_count() == 2,
        "subscriptions",
    )
    tf_static.publish(transform("imu_link", "camera", 0, quaternion=(0.5, 0.5, 0.5, 0.5)))
    up = DOWN @ LEVEL
    force = 9.81 * Rotation.from_quat([0.5, 0.5, 0.5, 0.5]).apply(up)
    for stamp in range(4 * SECOND, 5 * SECOND + 1, 10_000_000):
        message = Imu()
        message.header.frame_id = "imu_link"
        message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp, SECOND)
        x, y, z = force.tolist()
        (message.linear_acceleration.x, message.linear_acceleration.y) = x, y
        message.linear_acceleration.z = z
        imu.publish(message)
        graph.executor.spin_once(timeout_sec=0)  # live, the lifter holds 100 messages

    def learnt() -> bool:
        windows.publish(pack_windows(standing_windows([1])))
        graph.subscribe(0.1)
        return heard.is_up(up, 1e-3)

    graph.until(learnt, "the frame that points up")
    said = "by accelerometer: 30.0 down"
    graph.until(lambda: said in str(graph.value("lifter", "upright camera")), said)


def test_accelerometer_that_contradicts_people_who_walk_is_a_warning(lifter: LifterNode) -> None:
    clip, frames = walking_clip(), UprightFrames(lifter)
    for measured, warned in ((LEVEL, False), (-LEVEL, True)):
        gravity = Gravity(np.array(measured), 0.02, "accelerometer")
        for k, joints in enumerate(clip.joints):
            stamp_ns = round((k / clip.fps + 60 * warned) * SECOND)
            frames.update(replace(people_at(joints[None], (1,)), stamp_ns=stamp_ns), gravity)
        found = "; ".join(lifter.diagnostics.report().warnings)
        assert ("away from that of the people who walk by accelerometer" in found) == warned


def test_by_people_who_walk(lifter: LifterNode) -> None:
    clip, frames = walking_clip(), UprightFrames(lifter)
    for k, joints in enumerate(clip.joints @ DOWN.T.astype(np.float32)):
        people = replace(people_at(joints[None], (1,)), stamp_ns=round(k * SECOND / clip.fps))
        people = frames.update(people, None)
    assert np.degrees(np.arccos(DOWN @ LEVEL @ people.up)) < 7  # the clip's own camera: 5 down
    assert frames.update(people_at(joints[None], (1,), "other"), None).up == tuple(LEVEL)
