"""A camera with depth, and the running detector."""

from collections.abc import Callable

import numpy as np
import pytest
from graph import Graph
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Image

from diffhpe_ros.nodes.messages.header import make_header
from diffhpe_ros.nodes.messages.images import ImagePacker
from diffhpe_ros.nodes.messages.windows import unpack_windows
from diffhpe_ros.rendering.clip import walking_clip
from diffhpe_ros.video import VideoReader

pytestmark = pytest.mark.ros
FRAME_NS = 33_333_333
FRAMES = 22


def depth_message(stamp_ns: int, encoding: str = "16UC1") -> Image:
    """Everything is 3.5 m away."""
    data = np.full((480, 640), 3500, np.uint16).tobytes()
    return Image(
        header=make_header("cam", stamp_ns), width=640, height=480, encoding=encoding,
        step=1280, data=data,
    )  # fmt: skip


def film(graph: Graph, depth_of: Callable[[int], Image | None]) -> None:
    """Send images of the walking clip, each with its depth 5 ms late, to a detector in replay."""
    clip, packer = walking_clip(), ImagePacker()
    everything = QoSProfile(depth=100)
    images = graph.node.create_publisher(Image, "image", everything)
    depths = graph.node.create_publisher(Image, "depth", everything)
    graph.run("detector", replay=True, depth=True, camera_info_timeout_s=0.1, field_of_view=56.0)
    graph.until(
        lambda: images.get_subscription_count() and depths.get_subscription_count(), "detector"
    )
    graph.until(lambda: graph.value("detector", "windows_listeners") == "1", "listener")
    with VideoReader(clip.video_path) as video:
        for index, _, image in video:
            if index == FRAMES:
                break
            stamp_ns = 10**9 + index * FRAME_NS
            images.publish(packer.pack(image, "cam", stamp_ns))
            depth = depth_of(stamp_ns + 5_000_000)
            if depth is not None:
                depths.publish(depth)
            graph.subscribe(0.01)
    graph.until(lambda: graph.value("detector", "processed") == str(FRAMES), "processed images")


def test_windows_tell_the_depth_of_the_joints(graph: Graph) -> None:
    film(graph, depth_message)
    windows = [unpack_windows(message) for message in graph.messages("windows")]
    assert len(windows) == FRAMES - 16
    for each in windows:
        assert each.depth is not None
        np.testing.assert_allclose(each.depth[0][each.confidence[0, -1] > 0], 3.5, atol=1e-3)
    assert graph.value("detector", "without_depth") is None


def test_depth_of_another_kind_costs_the_depth_only(graph: Graph) -> None:
    film(graph, lambda stamp_ns: depth_message(stamp_ns, "rgb16"))
    windows = [unpack_windows(message) for message in graph.messages("windows")]
    assert len(windows) == FRAMES - 16
    assert all(each.depth is None for each in windows)
    graph.until(lambda: "16UC1" in graph.status["detector"].message, "warning")
    assert graph.value("detector", "without_depth") == str(FRAMES - 16)
