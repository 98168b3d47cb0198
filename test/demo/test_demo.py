"""The demo as a user runs it: real nodes, real DDS, real detector, shipped weights."""

import json
import subprocess
import sys
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from rosbags.rosbag2 import Reader

pytest.importorskip("rclpy", reason="the demo needs ROS 2")

from diffhpe_ros.demo.recording import DemoSettings, prepare, record
from diffhpe_ros.demo.run import choose_source, write_results
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting import DEFAULT_MODEL
from diffhpe_ros.video import VideoReader, VideoWriter

pytestmark = [pytest.mark.ros, pytest.mark.slow, pytest.mark.timeout(600)]  # of busy machines


def run_demo(out: Path, *arguments: object) -> dict[str, object]:
    command = [sys.executable, "-c", "from diffhpe_ros.cli import main; main()", "demo"]
    run = subprocess.run(
        [*command, "--out", str(out), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=550,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "wrote" in run.stderr + run.stdout
    return json.loads((out / "report.json").read_text())


def frames_of(video: Path) -> int:
    with av.open(str(video)) as container:
        return sum(1 for _ in container.decode(video=0))


@pytest.fixture(scope="module")
def embedded(tmp_path_factory) -> tuple[Path, dict[str, object]]:
    out = tmp_path_factory.mktemp("embedded")
    return out, run_demo(out)


@pytest.mark.jazzy
@pytest.mark.parametrize(("frames", "found"), [(1, "one image"), (8, "0.27 s")])
def test_video_shorter_than_a_window_is_refused_at_once(tmp_path, frames, found):
    with VideoWriter(tmp_path / "short.mp4", 64, 48, 30) as video:
        for _ in range(frames):
            video.write(np.zeros((48, 64, 3), np.uint8))
    with pytest.raises(DiffhpeError, match=f"short.mp4 has {found}; the live graph needs 0.52 s"):
        choose_source(tmp_path / "short.mp4", None)


def test_error_from_pixels_to_metres(embedded):
    _, report = embedded
    assert report["mpjpe_mm"] < 100
    assert 1 < report["jitter_mm_per_frame2"] < 20
    assert report["frames_with_error"] >= 160  # of 180; the first half second fills the window


@pytest.mark.jazzy
def test_live_run_gives_skeletons_in_time(embedded):
    _, report = embedded
    assert report["frames_in"] == 180
    assert report["frames_detected"] + report["frames_dropped"] >= 175
    assert 0 < report["markers_published"] <= report["windows_lifted"]
    assert 0 < report["latency_ms"]["p50"] <= report["latency_ms"]["p95"]
    assert report["device"] == "cpu"


@pytest.mark.jazzy
def test_coherence_is_reported(embedded):
    _, report = embedded
    assert 0 < report["symmetry_gap_mm"] < 100
    assert 0 < report["segment_std_mm"] < 50


def test_overlay_shows_every_frame(embedded):
    out, _ = embedded
    assert frames_of(out / "overlay.mp4") == 180


def test_figure_is_a_picture(embedded):
    out, _ = embedded
    image = cv2.imread(str(out / "skeleton.png"))
    assert image is not None and image.shape[1] > 1000
    assert image.std() > 10


def test_bag_holds_the_messages(embedded):
    out, report = embedded
    with Reader(out / "lift.mcap") as bag:
        counts = {each.topic.rsplit("/", 1)[-1]: each.msgcount for each in bag.connections}
        types = {each.topic.rsplit("/", 1)[-1]: each.msgtype for each in bag.connections}
    assert counts["joints"] >= report["frames_with_error"]
    assert counts["camera_info"] == 180
    assert types["skeletons"] == "visualization_msgs/msg/MarkerArray"


@pytest.mark.long
def test_real_video(tmp_path, shared_data):
    """0.8 s of a real video, of which the first 0.52 s fill the window."""
    video = tmp_path / "real.mp4"
    with (
        VideoReader(shared_data / "video" / "p2s_single_cam01.mp4") as whole,
        VideoWriter(video, whole.width, whole.height, whole.fps) as writer,
    ):
        for _, _, image in islice(whole, 48):
            writer.write(image)
    report = run_demo(tmp_path, "--video", video)
    assert report["frames_in"] == 48
    assert report["frames_detected"] > 0  # live, 60 large images per second are too many
    assert 0 < report["symmetry_gap_mm"] < 60  # from the replay, in which every frame is lifted
    assert 0 < report["segment_std_mm"] < 25
    assert "mpjpe_mm" not in report  # the truth of a video is not known
    with Reader(tmp_path / "lift.mcap") as bag:
        joints = next(each for each in bag.connections if each.topic.endswith("/joints"))
    assert joints.msgcount >= 14
    assert frames_of(tmp_path / "overlay.mp4") == 48
    assert (tmp_path / "skeleton.png").stat().st_size > 10_000


def test_empty_video_gives_no_skeleton(tmp_path):
    """One second of a grey wall, live."""
    rng = np.random.default_rng(0)
    with VideoWriter(tmp_path / "wall.mp4", 320, 240, 30) as writer:
        for _ in range(30):
            writer.write(rng.integers(90, 110, (240, 320, 3), dtype=np.uint8))
    source, settings = choose_source(tmp_path / "wall.mp4", None), DemoSettings(DEFAULT_MODEL)
    prepare(settings.device)
    live = record(source, settings, tmp_path, replay=False)
    report = write_results(source, tmp_path, settings, live, shown=live)
    assert report["frames_in"] > 0
    assert report["frames_detected"] == report["windows_lifted"] == 0
    assert report["markers_published"] == 0
    assert report["latency_ms"]["p50"] is None
    assert not (tmp_path / "skeleton.png").exists()
    assert frames_of(tmp_path / "overlay.mp4") == 30


def test_all_that_is_missing_is_named_at_once(monkeypatch: pytest.MonkeyPatch):
    prepare("cpu", "demo")
    for package in ("matplotlib", "rclpy"):
        monkeypatch.setitem(sys.modules, package, None)  # as if it were not installed
    with pytest.raises(DiffhpeError, match="the demo needs matplotlib and rclpy: ") as caught:
        prepare("cpu", "demo")
    assert "pip install 'diffhpe_ros[demo,ros]'" in str(caught.value)
