"""Several cameras in namespaces share one lifter."""

from itertools import islice
from pathlib import Path

import pytest
from graph import Graph
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Image

from diffhpe_ros.nodes.messages.images import ImagePacker
from diffhpe_ros.nodes.messages.joints import unpack_joints
from diffhpe_ros.rendering.clip import walking_clip
from diffhpe_ros.video import VideoReader

pytestmark = pytest.mark.ros
CAMERAS = ("left", "right")
FRAMES = 20
WINDOWS = FRAMES - 16


def test_two_cameras_share_a_lifter(graph: Graph, standing_model: Path) -> None:
    graph.run("lifter", model=standing_model, device="cpu", replay=True)
    remap = {"windows": "/windows"}
    for camera in CAMERAS:
        graph.run("detector", camera, remap, replay=True, camera_info_timeout_s=0.1)
    nodes = ("lifter", *(f"{camera}/detector" for camera in CAMERAS))
    graph.until(lambda: [graph.value(node, "state") for node in nodes] == ["active"] * 3, "nodes")
    for node in nodes[1:]:
        graph.until(lambda node=node: graph.value(node, "windows_listeners") == "2", "listeners")
    everything = QoSProfile(depth=FRAMES)
    images = {
        camera: graph.node.create_publisher(Image, f"/{camera}/image", everything)
        for camera in CAMERAS
    }
    for each in images.values():
        graph.until(each.get_subscription_count, "detector")

    packer = ImagePacker()
    with VideoReader(walking_clip().video_path) as video:
        for index, _, image in islice(video, FRAMES):
            for camera in CAMERAS:
                images[camera].publish(packer.pack(image, camera, 10**9 + index * 33_333_333))
            graph.subscribe(0.02)

    def joints_of(camera: str) -> int:
        messages = [unpack_joints(message) for message in graph.messages("joints")]
        return sum(each.frame_id == camera for each in messages)

    everybody = [WINDOWS] * len(CAMERAS)
    graph.until(lambda: [joints_of(camera) for camera in CAMERAS] == everybody, "joints of both")
    names = {message.status[0].name for message in graph.messages("coherence")}
    assert names == {"left/person_0", "right/person_0"}
