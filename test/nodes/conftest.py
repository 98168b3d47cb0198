"""Fixtures of the nodes' tests: a separate ROS graph, a clip, and a model of known output."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="no ROS: pip install -e '.[ros]'")

from domains import own_domain
from graph import CLIP_FRAMES, PERSON_FRAMES, Graph, own_context
from rclpy.context import Context
from standing import standing_windows

from diffhpe_ros.lifting import save_model
from diffhpe_ros.lifting.checkpoints.model_folders import load_with_config
from diffhpe_ros.nodes.diagnostics import publisher as diagnostics
from diffhpe_ros.pipeline.people import PeopleWindows
from diffhpe_ros.rendering.clip import walking_clip
from diffhpe_ros.video import VideoReader, VideoWriter

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session", autouse=True)
def own_ros_graph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No other nodes, no log files in the home folder, and enough shared memory for images."""
    profile = str(ROOT / "config" / "fastdds.xml")
    variables = {
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
        "ROS_LOG_DIR": str(tmp_path_factory.mktemp("ros_log")),
        "FASTDDS_DEFAULT_PROFILES_FILE": profile,
        "FASTRTPS_DEFAULT_PROFILES_FILE": profile,
        "OMP_NUM_THREADS": "1",
    }
    with pytest.MonkeyPatch.context() as patch, own_domain() as domain:
        patch.setenv("ROS_DOMAIN_ID", str(domain))  # for processes without another domain
        for name, value in variables.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(autouse=True)
def frequent_diagnostics(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nodes in this process publish diagnostics five times per second."""
    monkeypatch.setattr(diagnostics, "PERIOD_S", 0.2)


@pytest.fixture
def context() -> Iterator[Context]:
    """A ROS context for one test."""
    with own_context() as own:
        yield own


@pytest.fixture
def graph(context: Context, tmp_path: Path) -> Iterator[Graph]:
    """Runs nodes as processes and listens to them."""
    with Graph(context, tmp_path) as running:
        yield running


@pytest.fixture(scope="session")
def random_wrapper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small diffusion model with random weights, in the person view.

    Its poses are not realistic, but they depend on the same inputs as real ones: the window, the
    rotation into the person view, and the noise.
    """
    model, config = load_with_config(ROOT / "test" / "golden" / "tiny-wrapper.pth")
    folder = tmp_path_factory.mktemp("models") / "random"
    save_model(model, replace(config, input_view="person"), folder)
    return folder


@pytest.fixture(scope="session")
def diffusion_model() -> Path:
    """A diffusion model with realistic poses, so that people can be localized."""
    return ROOT / "models" / "diffhpe-wrapper-robust"


@pytest.fixture(scope="session")
def short_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1 s of a walking person, then 0.5 s without people, at 30 frames per second."""
    path = tmp_path_factory.mktemp("clip") / "short.mp4"
    clip = walking_clip()
    with VideoReader(clip.video_path) as source:
        images = [image for index, _, image in source if index < PERSON_FRAMES]
    with VideoWriter(path, clip.camera.width, clip.camera.height, clip.fps) as video:
        for image in images + [np.full_like(images[0], 90)] * (CLIP_FRAMES - PERSON_FRAMES):
            video.write(image)
    return path


@pytest.fixture
def windows() -> PeopleWindows:
    """Windows of the people 3 and 7."""
    return standing_windows([3, 7])
