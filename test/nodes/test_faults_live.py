"""One camera, one detector and one lifter, with faults as they happen on robots.

The nodes run as processes from the first test of this file to the last; after each fault people
must be seen again, by the same processes unless the fault was to kill them.
"""

import signal
import time
from array import array
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from faulty_camera import ENCODINGS, FaultyCamera, encode
from graph import Graph, own_context
from random_messages import random_windows
from rclpy.serialization import serialize_message
from sensor_msgs.msg import Image, PointCloud2

from diffhpe_ros.nodes.messages.camera_info import info_from_camera
from diffhpe_ros.nodes.messages.joints import UnpackedJoints, unpack_joints
from diffhpe_ros.rendering.clip import walking_clip

pytestmark = pytest.mark.ros
HOUR_NS = 3600 * 10**9


class Robot:
    """A running graph and its camera."""

    def __init__(self, graph: Graph, model: Path) -> None:
        self.graph, self._model = graph, model
        self.camera = FaultyCamera(graph.node)
        self.start("lifter")
        self.start("detector")
        self.sees_somebody()

    def start(self, name: str) -> None:
        """Start the detector or the lifter, and wait for it to be active."""
        parameters = {"model": self._model, "device": "cpu"} if name == "lifter" else {}
        self.graph.status.pop(name, None)
        self.graph.run(name, **parameters)
        self.graph.until(lambda: self.graph.value(name, "state") == "active", name)

    def sees_somebody(self) -> UnpackedJoints:
        """Wait for joints of an image taken from now on, from nodes that still run."""
        begin = self.camera.now_ns
        self.graph.raw.clear()
        self.graph.until(lambda: self._joints_since(begin), "joints of a new image")
        for name in ("detector", "lifter"):
            assert self.graph.runs(name), self.graph.log(name)
        return self._joints_since(begin)[-1]

    def says(self, name: str, text: str) -> None:
        """Wait for a text in a node's diagnostics."""
        status = self.graph.status
        self.graph.until(lambda: name in status and text in status[name].message, text)

    def count(self, name: str, key: str) -> int:
        """A number from the latest diagnostics."""
        return int(self.graph.value(name, key) or 0)

    def _joints_since(self, begin_ns: int) -> list[UnpackedJoints]:
        joints = [unpack_joints(message) for message in self.graph.messages("joints")]
        return [each for each in joints if 0 < each.stamp_ns - begin_ns < HOUR_NS]


@pytest.fixture(scope="module")
def robot(tmp_path_factory: pytest.TempPathFactory, standing_model: Path) -> Iterator[Robot]:
    folder = tmp_path_factory.mktemp("robot")
    with own_context() as context, Graph(context, folder) as graph:
        yield Robot(graph, standing_model)


def test_the_camera_stops_and_comes_back(robot: Robot) -> None:
    robot.camera.on = False
    robot.says("detector", "no messages on /image for")
    robot.camera.on = True
    robot.sees_somebody()
    robot.graph.until(
        lambda: "nothing came" not in robot.graph.status["detector"].message, "end of the warning"
    )


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_any_common_encoding(robot: Robot, encoding: str) -> None:
    robot.camera.use(encoding)
    robot.sees_somebody()


def test_16_bit_images_are_refused_by_name(robot: Robot) -> None:
    def make_16_bit(bgr: np.ndarray) -> Image:
        depth = encode(bgr, "mono8")
        depth.encoding, depth.width = "16UC1", depth.width // 2
        return depth

    robot.camera.make = make_16_bit
    robot.says("detector", "image encoding '16UC1' is not supported")
    robot.camera.make = encode
    robot.sees_somebody()


def test_the_resolution_changes(robot: Robot) -> None:
    resets = robot.count("detector", "resets")
    robot.camera.make = lambda bgr: encode(np.asarray(cv2.resize(bgr, (320, 240)), np.uint8))
    robot.sees_somebody()  # camera_info is scaled
    robot.graph.until(lambda: robot.count("detector", "resets") > resets, "a new beginning")

    robot.camera.make = lambda bgr: encode(np.ascontiguousarray(bgr[60:420]))
    robot.says("detector", "the camera was calibrated at 640x480, the image is 640x360")
    robot.camera.make = encode
    robot.sees_somebody()


def test_camera_info_changes(robot: Robot) -> None:
    info = info_from_camera(walking_clip().camera)
    info.k[[0, 4]] *= 2
    near = robot.sees_somebody().positions[0, 0, 2]
    robot.camera.info = info
    robot.sees_somebody()  # perhaps with one earlier image
    assert 1.5 < robot.sees_somebody().positions[0, 0, 2] / near < 2.7  # the person walks
    info.k[4] = np.nan
    robot.camera.info = info
    robot.says("detector", "a finite 3x3 camera matrix is expected")
    robot.camera.info = info_from_camera(walking_clip().camera)
    robot.sees_somebody()


def test_broken_images(robot: Robot) -> None:
    robot.graph.forget()
    robot.graph.until(lambda: "detector" in robot.graph.status, "diagnostics")
    failed = robot.count("detector", "failed")
    good = encode(np.zeros((48, 64, 3), np.uint8))
    huge = {"height": 2**31, "width": 2**31, "step": 2**32 - 1}
    broken = [
        Image(),
        Image(**huge, encoding="bgr8", data=good.data),
        Image(height=48, width=64, step=192, encoding="bgr8", data=array("B", bytes(100))),
        Image(height=2**26, width=1, step=3, encoding="bgr8", data=good.data),
    ]
    robot.camera.on = False
    for expected, message in enumerate(broken, failed + 1):
        robot.camera.send(message)
        robot.graph.until(
            lambda expected=expected: robot.count("detector", "failed") == expected, "a refusal"
        )
    raw = serialize_message(good)
    for end in (0, 4, 5, 30, len(raw) // 2):  # cut off on the way
        robot.camera.images.publish(raw[:end])
    robot.camera.images.publish(raw[:-9220] + b"\xff\xff\xff\xff" + raw[-9216:])
    robot.camera.on = True
    robot.sees_somebody()


def test_broken_windows(robot: Robot) -> None:
    publisher = robot.graph.node.create_publisher(PointCloud2, "windows", 50)
    robot.graph.until(lambda: publisher.get_subscription_count() == 2, "the lifter")
    chance = np.random.default_rng(1)
    for _ in range(40):
        message = random_windows(chance)
        for _ in range(chance.integers(0, 3)):
            name = str(chance.choice(["height", "width", "point_step", "row_step"]))
            setattr(message, name, int(chance.choice([0, 1, 27, 2**16, 2**32 - 1])))
        publisher.publish(message)
        raw = bytearray(serialize_message(message))
        raw[chance.integers(4, 300)] = chance.integers(256)
        publisher.publish(bytes(raw[: chance.integers(4, len(raw))]))
        robot.graph.subscribe(0.03)
    robot.graph.node.destroy_publisher(publisher)
    assert robot.sees_somebody().frame_id == "camera"
    robot.graph.until(lambda: robot.count("lifter", "failed") > 5, "refusals")


@pytest.mark.parametrize("jump_ns", [24 * HOUR_NS, -48 * HOUR_NS, 24 * HOUR_NS])
def test_the_camera_clock_jumps(robot: Robot, jump_ns: int) -> None:
    robot.camera.now_ns += jump_ns
    robot.sees_somebody()
    if robot.camera.now_ns > time.time_ns() + HOUR_NS:
        robot.says("detector", "this clock: set use_sim_time for a bag, or correct the")


def test_two_cameras_on_one_topic(robot: Robot) -> None:
    other = FaultyCamera(robot.graph.node, frame_id="other")
    robot.says("detector", "/listener and /listener publish /image, one publisher is expected")
    other.close()
    robot.sees_somebody()


@pytest.mark.parametrize("name", ["detector", "lifter"])
def test_a_node_is_killed_and_started_again(robot: Robot, name: str) -> None:
    assert robot.graph.stop(name, signal.SIGKILL) == -signal.SIGKILL
    other = {"detector": "lifter", "lifter": "detector"}[name]
    if other == "detector":
        before = robot.count(other, "received")
        robot.graph.until(
            lambda: robot.count(other, "received") > before, "images without the lifter"
        )
    else:
        robot.graph.status.pop(other, None)
        robot.graph.until(lambda: other in robot.graph.status, "diagnostics without the detector")
    assert robot.graph.runs(other)
    robot.start(name)
    robot.sees_somebody()


def test_all_of_it_was_one_process_each_and_ends_as_it_should(robot: Robot) -> None:
    robot.camera.close()
    assert [robot.graph.stop(name) for name in ("detector", "lifter")] == [0, 0]
    for name in ("detector", "lifter"):
        assert "Traceback" not in robot.graph.log(name)
