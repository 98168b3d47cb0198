"""People as tf frames."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from geometry_msgs.msg import TransformStamped
from graph import Graph, activate
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from sensor_msgs.msg import PointCloud2
from standing import people_at, standing_at, standing_windows
from tf2_msgs.msg import TFMessage

from diffhpe_ros.geometry.kinematic_chain import LINKS
from diffhpe_ros.nodes.lifter import LifterNode
from diffhpe_ros.nodes.messages.joints import unpack_joints
from diffhpe_ros.nodes.messages.transforms import make_transforms
from diffhpe_ros.nodes.messages.windows import pack_windows
from diffhpe_ros.pipeline.people import LiftedPeople

pytestmark = pytest.mark.jazzy


@pytest.fixture
def people() -> LiftedPeople:
    """Person 3 faces the camera from 4 m; the position of person 7 is not known."""
    joints = np.stack([standing_at(0.5, 0.1, 4), np.full((17, 3), np.nan)]).astype(np.float32)
    return people_at(joints, (3, 7), "left/cam")


def rotation(transform: TransformStamped) -> np.ndarray:
    """Axes of the child in the parent's frame."""
    q = transform.transform.rotation
    x, y, z, w = q.x, q.y, q.z, q.w
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def translation(transform: TransformStamped) -> np.ndarray:
    t = transform.transform.translation
    return np.array([t.x, t.y, t.z])


def test_a_body_looks_forward_with_its_head_up(people: LiftedPeople) -> None:
    (body,) = make_transforms(people, joints=False)
    assert (body.header.frame_id, body.child_frame_id) == ("left/cam", "body_left_cam_3")
    assert (body.header.stamp.sec, body.header.stamp.nanosec) == (1, 500_000_000)
    np.testing.assert_allclose(translation(body), (0.5, 0.1, 4), atol=1e-6)
    forward, left, up = rotation(body).T
    np.testing.assert_allclose(forward, (0, 0, -1), atol=1e-6)  # towards the camera
    np.testing.assert_allclose(left, (1, 0, 0), atol=1e-6)
    np.testing.assert_allclose(up, (0, -1, 0), atol=1e-6)


def test_joints_are_children_of_the_body(people: LiftedPeople) -> None:
    body, *children = make_transforms(people, joints=True)
    assert len(children) == 16
    assert {child.header.frame_id for child in children} == {body.child_frame_id}
    places = {child.child_frame_id: child for child in children}
    wrist = places["l_wrist_left_cam_3"]
    in_camera = rotation(body) @ translation(wrist) + translation(body)
    np.testing.assert_allclose(in_camera, people.joints[0, 13], atol=1e-5)
    elbow = places["l_elbow_left_cam_3"]
    towards_wrist = people.joints[0, 13] - people.joints[0, 12]
    forearm = rotation(body) @ rotation(elbow) @ (0, 0, -1)
    np.testing.assert_allclose(forearm, towards_wrist / np.linalg.norm(towards_wrist), atol=1e-5)
    assert translation(places["head_left_cam_3"])[2] > 0.6


def test_a_body_without_extent_has_no_frame(people: LiftedPeople) -> None:
    assert make_transforms(replace(people, joints=np.ones((2, 17, 3), np.float32)), False) == []


@pytest.mark.ros
def test_without_tf2_msgs_the_node_says_what_is_missing(
    graph: Graph, standing_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # None makes the import fail, as where the package is not installed.
    monkeypatch.setitem(sys.modules, "tf2_msgs", None)
    monkeypatch.delitem(sys.modules, "tf2_msgs.msg", raising=False)
    node = graph.make(LifterNode, model=standing_model, tf="body")
    assert node.trigger_configure() == TransitionCallbackReturn.FAILURE
    graph.until(
        lambda: "lifter" in graph.status and "tf2_msgs" in graph.status["lifter"].message, "reason"
    )
    node.set_parameters([Parameter("tf", value="none")])
    assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS


@pytest.mark.ros
def test_the_frames_on_tf_are_where_the_joints_are(graph: Graph, standing_model: Path) -> None:
    received: list[TFMessage] = []
    graph.node.create_subscription(TFMessage, "/tf", received.append, 10)
    windows = graph.node.create_publisher(PointCloud2, "windows", 10)
    activate(graph.make(LifterNode, model=standing_model, tf="joints"))
    graph.until(lambda: windows.get_subscription_count() == 2, "lifter")
    windows.publish(pack_windows(standing_windows([1], stamp_ns=10**9)))
    graph.until(lambda: received and graph.raw["joints"], "frames")

    (message,) = received
    body, *children = message.transforms
    assert (body.header.stamp.sec, body.header.frame_id) == (1, "camera")
    (joints,) = unpack_joints(graph.messages("joints")[0]).positions
    found = {
        child.child_frame_id: rotation(body) @ translation(child) + translation(body)
        for child in children
    }
    expected = {f"{link}_camera_1": joints[joint] for joint, link in LINKS.items()}
    assert found.keys() == expected.keys()
    for name, place in expected.items():
        np.testing.assert_allclose(found[name], place, atol=1e-5)
