"""The live graph: processes, real DDS, a real detector."""

from pathlib import Path

import numpy as np
import pytest
from graph import Graph, activate
from sensor_msgs.msg import Image

from diffhpe_ros.nodes.detector import DetectorNode
from diffhpe_ros.nodes.messages.images import ImagePacker, image_to_bgr

pytestmark = [pytest.mark.ros, pytest.mark.jazzy]


def test_live_the_newest_wins_and_an_uncalibrated_camera_is_warned_of(
    graph: Graph, short_clip: Path, standing_model: Path
) -> None:
    graph.run("lifter", model=standing_model, device="cpu")
    graph.run("detector", field_of_view=75.0)
    overlays: list[Image] = []
    graph.node.create_subscription(Image, "/detector/overlay", overlays.append, 5)
    graph.until(lambda: graph.value("lifter", "state") == "active", "lifter")
    graph.until(lambda: graph.value("detector", "state") == "active", "detector")
    graph.run("video_source", path=short_clip, loop=True)
    graph.until(lambda: graph.raw["joints"], "joints")
    graph.until(lambda: overlays, "overlay")
    graph.until(lambda: graph.value("lifter", "latency_ms_p50"), "latency")
    graph.until(
        lambda: "field of view of 75 degrees" in graph.status["detector"].message, "warning"
    )
    assert image_to_bgr(overlays[0]).shape == (480, 640, 3)
    assert graph.messages("coherence")[0].status[0].name == "camera_optical_frame/person_0"
    assert [graph.stop(name) for name in ("detector", "video_source", "lifter")] == [0, 0, 0]


def test_a_node_that_cannot_start_says_why_in_one_line(graph: Graph, tmp_path: Path) -> None:
    graph.run("video_source", path=tmp_path / "none.mp4")
    assert graph.wait("video_source") == 1
    assert "cannot open video" in graph.log("video_source")
    assert "Traceback" not in graph.log("video_source")


def test_images_that_come_too_rarely_are_warned_of(graph: Graph) -> None:
    publisher = graph.node.create_publisher(Image, "image", 10)
    activate(graph.make(DetectorNode, replay=True))  # so that no image is dropped
    graph.until(publisher.get_subscription_count, "detector")
    packer = ImagePacker()
    for number in range(4):
        image = packer.pack(np.zeros((48, 64, 3), np.uint8), "camera", number * 10**9 // 4)
        publisher.publish(image)
    warning = "4.0 images/s are processed, at least 5.0 are expected"
    graph.until(
        lambda: "detector" in graph.status and warning in graph.status["detector"].message,
        "warning",
    )
    assert graph.value("detector", "images_per_s") == "4"


def test_overlay_without_background_holds_no_pixel_of_the_image(graph: Graph) -> None:
    publisher = graph.node.create_publisher(Image, "image", 10)
    overlays: list[Image] = []
    graph.node.create_subscription(Image, "/detector/overlay", overlays.append, 5)
    activate(graph.make(DetectorNode, overlay_background="none"))
    graph.until(publisher.get_subscription_count, "detector")
    noise = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)
    publisher.publish(ImagePacker().pack(noise, "camera", 1))
    graph.until(lambda: overlays, "overlay")
    assert np.ptp(image_to_bgr(overlays[0])) == 0


def test_images_that_are_none_do_not_stop_the_detector(graph: Graph) -> None:
    publisher = graph.node.create_publisher(Image, "image", 10)
    activate(graph.make(DetectorNode, replay=True))
    graph.until(publisher.get_subscription_count, "detector")
    packer = ImagePacker()
    good = np.zeros((48, 64, 3), np.uint8)
    wrong = packer.pack(good, "camera", 1)
    wrong.encoding = "16UC1"
    for message in (Image(), wrong, ImagePacker().pack(good, "camera", 2)):
        publisher.publish(message)
    graph.until(lambda: graph.value("detector", "processed") == "1", "a processed image")
    assert graph.value("detector", "failed") == "2"
    assert not any(message.height for message in graph.messages("windows"))  # of nobody
