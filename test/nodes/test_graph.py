"""Video in, skeletons out: three processes, real DDS, a real detector."""

import signal
from pathlib import Path

import numpy as np
import pytest
from graph import TOPICS, Graph, replay
from rclpy.context import Context
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from sensor_msgs.msg import Image

from diffhpe_ros.nodes.detector import DetectorNode
from diffhpe_ros.nodes.messages.images import ImagePacker, image_to_bgr
from diffhpe_ros.nodes.messages.joints import unpack_joints
from diffhpe_ros.nodes.messages.windows import unpack_windows
from diffhpe_ros.rendering.clip import walking_clip

pytestmark = pytest.mark.ros
START_NS = 1_000 * 10**9
FRAME_NS = 1e9 / 30


def test_replay_lifts_every_frame(
    graph: Graph, short_clip: Path, standing_model: Path, tmp_path: Path
) -> None:
    replay(graph, short_clip, tmp_path / "camera.yaml", model=standing_model)

    # The window is full 0.52 s after the first image, so at frame 16; frame 35 is the last with
    # the person; a second later the person has left.
    windows = [unpack_windows(message) for message in graph.messages("windows")]
    frames = [round((each.stamp_ns - START_NS) / FRAME_NS) for each in windows]
    assert frames[:-1] == list(range(16, 36))
    assert 30 < frames[-1] - frames[-2] < 36 and len(windows[-1]) == 0

    joints = [unpack_joints(message) for message in graph.messages("joints")]
    assert [each.stamp_ns for each in joints] == [each.stamp_ns for each in windows[:-1]]
    assert {(each.frame_id, each.persons) for each in joints} == {("camera_optical_frame", (0,))}
    root = np.stack([each.positions[0, 0] for each in joints])
    truth = walking_clip().joints[frames[:-1], 0]
    # The model knows a person of about this height who does not move: the depth is about right.
    np.testing.assert_allclose(root, truth, atol=0.8)

    graph.until(lambda: graph.value("video_source", "ended"), "end of the video")
    counts = [graph.value("video_source", key) for key in ("published", "skipped")]
    assert counts == ["76", "0"]


def test_replay_is_the_same_to_the_byte_every_time(
    graph: Graph, short_clip: Path, diffusion_model: Path, tmp_path: Path
) -> None:
    calibration = tmp_path / "camera.yaml"
    diffusion = {"model": diffusion_model, "sampler": "ddim", "steps": 2, "hypotheses": 2}
    replay(graph, short_clip, calibration, **diffusion)
    spreads = [
        float(pair.value)
        for message in graph.messages("coherence")
        for pair in message.status[0].values
        if pair.key == "hypothesis_spread_mm"
    ]
    assert len(spreads) == len(set(spreads)) == 20  # each window has noise of its own
    assert min(spreads) > 0

    first = {topic: list(graph.raw[topic]) for topic in TOPICS}
    assert [graph.stop(name) for name in ("video_source", "detector")] == [0, 0]
    assert graph.stop("lifter", signal.SIGTERM) == 0
    graph.forget()
    replay(graph, short_clip, calibration, **diffusion)
    for topic in TOPICS:
        assert graph.raw[topic] == first[topic], topic


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


def test_images_that_come_too_rarely_are_warned_of(graph: Graph, context: Context) -> None:
    detector = DetectorNode(context=context, use_global_arguments=False)
    graph.executor.add_node(detector)
    publisher = graph.node.create_publisher(Image, "image", 10)
    detector.set_parameters([Parameter("replay", value=True)])  # so that no image is dropped
    assert detector.trigger_configure() == TransitionCallbackReturn.SUCCESS
    assert detector.trigger_activate() == TransitionCallbackReturn.SUCCESS
    graph.until(publisher.get_subscription_count, "detector")
    packer = ImagePacker()
    for number in range(4):
        image = packer.pack(np.zeros((48, 64, 3), np.uint8), "camera", number * 10**9 // 4)
        publisher.publish(image)
    warning = "4.0 images/s are looked at, at least 5.0 are expected"
    graph.until(
        lambda: "detector" in graph.status and warning in graph.status["detector"].message,
        "warning",
    )
    assert graph.value("detector", "images_per_s") == "4"
    detector.close()
    detector.destroy_node()


def test_images_that_are_none_do_not_stop_the_detector(graph: Graph, context: Context) -> None:
    detector = DetectorNode(context=context, use_global_arguments=False)
    graph.executor.add_node(detector)
    publisher = graph.node.create_publisher(Image, "image", 10)
    assert detector.trigger_configure() == TransitionCallbackReturn.SUCCESS
    assert detector.trigger_activate() == TransitionCallbackReturn.SUCCESS
    graph.until(publisher.get_subscription_count, "detector")
    packer = ImagePacker()
    good = np.zeros((48, 64, 3), np.uint8)
    wrong = packer.pack(good, "camera", 1)
    wrong.encoding = "16UC1"
    for message in (Image(), wrong):
        publisher.publish(message)
        graph.listen(0.2)
    publisher.publish(ImagePacker().pack(good, "camera", 2))
    graph.until(lambda: graph.value("detector", "processed") == "1", "a processed image")
    assert graph.value("detector", "failed") == "2"
    assert not graph.raw["windows"]
    detector.close()
    detector.destroy_node()
