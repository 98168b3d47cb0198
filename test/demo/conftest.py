"""A separate ROS graph, and a short clip."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import pytest

pytest.importorskip("rclpy", reason="the demo needs ROS 2")

from domains import own_domain

from diffhpe_ros.demo.recording import prepare
from diffhpe_ros.demo.source import DemoSource, embedded_clip
from diffhpe_ros.video import VideoReader, VideoWriter

SHORT_FRAMES = 45
"""Number of images, of which the first 16 fill the window."""


@pytest.fixture(scope="session", autouse=True)
def own_ros_graph() -> Iterator[None]:
    """Use a ROS domain without other nodes."""
    with pytest.MonkeyPatch.context() as patch, own_domain() as domain:
        patch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
        patch.setenv("ROS_DOMAIN_ID", str(domain))
        prepare("cpu")
        yield


@pytest.fixture(scope="session")
def short_clip(tmp_path_factory: pytest.TempPathFactory) -> DemoSource:
    """The first 1.5 s of the embedded clip."""
    whole, path = embedded_clip(), tmp_path_factory.mktemp("clip") / "short.mp4"
    with (
        VideoReader(whole.path) as video,
        VideoWriter(path, video.width, video.height, video.fps) as writer,
    ):
        for _, _, image in islice(video, SHORT_FRAMES):
            writer.write(image)
    return replace(whole, path=path, frames=SHORT_FRAMES)
