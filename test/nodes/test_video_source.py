"""The node `video_source`: its messages for typical users' files."""

import re
import socket
from pathlib import Path

import numpy as np
import pytest
from graph import PATIENCE_S, Graph
from oblong_video import write_oblong_walk
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CameraInfo, Image

from diffhpe_ros.nodes.messages.camera_info import write_calibration
from diffhpe_ros.nodes.video_source import VideoSourceNode
from diffhpe_ros.rendering.clip import walking_clip

pytestmark = pytest.mark.ros


def test_calibration_is_for_the_published_images_where_pixels_are_made_square(
    graph: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_oblong_walk(tmp_path / "walk.mp4", frames=3)
    camera = walking_clip().camera
    write_calibration(camera.stretched(320, 480), tmp_path / "stored.yaml")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("VIDEOS", str(tmp_path))
    infos: list[CameraInfo] = []
    images: list[Image] = []
    graph.node.create_subscription(CameraInfo, "camera_info", infos.append, 1)
    graph.node.create_subscription(Image, "image", images.append, qos_profile_sensor_data)
    graph.run(
        "video_source", path="$VIDEOS/walk.mp4", calibration="~/stored.yaml", loop=True, wait_s=0.0
    )
    graph.until(lambda: infos and images, "image with camera_info")
    assert (images[-1].width, images[-1].height) == (infos[-1].width, infos[-1].height)
    assert (infos[-1].width, infos[-1].height) == (640, 480)
    np.testing.assert_allclose(np.reshape(infos[-1].k, (3, 3)), camera.matrix, atol=1e-6)
    np.testing.assert_allclose(np.reshape(infos[-1].p, (3, 4))[:, :3], camera.matrix, atol=1e-6)


def test_file_with_one_image_is_named(graph: Graph, tmp_path: Path) -> None:
    write_oblong_walk(tmp_path / "one.mp4", frames=1)
    node = graph.make(VideoSourceNode, path=tmp_path / "one.mp4")
    assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS
    (warning,) = node.diagnostics.report().warnings
    assert "one.mp4 has one image, too few to lift: set loop" in warning


def test_server_that_says_nothing_does_not_keep_the_node(graph: Graph) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE_S)
        graph.run("video_source", path=f"rtsp://127.0.0.1:{server.getsockname()[1]}/live")
        waiting, _ = server.accept()
        with waiting:
            assert graph.stop("video_source") == 0
    assert not re.search("Traceback|Fatal", graph.log("video_source"))
