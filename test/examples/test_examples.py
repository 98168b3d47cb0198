"""The examples without ROS, each as a user runs it; test/nodes has those with ROS."""

import re
import runpy
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from diffhpe_ros.formats import POSE_ROW, PoseRecording, PoseTrack, write_poses
from diffhpe_ros.formats.axes import UP
from diffhpe_ros.lifting import load_model
from diffhpe_ros.rendering.__main__ import WALK, clip_view
from diffhpe_ros.rendering.body import Pose
from diffhpe_ros.rendering.clip import Clip, walking_clip
from diffhpe_ros.training.datasets.labelled_windows import read_windows
from diffhpe_ros.video import VideoReader, VideoWriter

pytestmark = pytest.mark.slow
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
PROGRAMS = sorted(EXAMPLES.glob("*.py"))
Image = NDArray[np.uint8]
Run = Callable[..., list[str]]


@pytest.fixture(scope="module")
def clip() -> Clip:
    return walking_clip()


@pytest.fixture(scope="module")
def images(clip: Clip) -> list[Image]:
    with VideoReader(clip.video_path) as video:
        return [image for _, _, image in video]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run an example as a program, and return the lines that it prints."""

    def lines(name: str, *arguments: object) -> list[str]:
        monkeypatch.setattr(sys, "argv", [name, *map(str, arguments)])
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
        return capsys.readouterr().out.splitlines()

    return lines


def save(path: Path, images: Sequence[Image], fps: float) -> Path:
    height, width = images[0].shape[:2]
    with VideoWriter(path, width, height, fps) as video:
        for image in images:
            video.write(image)
    return path


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.name)
def test_program_is_short_and_listed(program):
    assert len(program.read_text().splitlines()) < 40
    assert f"]({program.name})" in (EXAMPLES / "README.md").read_text()


def test_follow_person_finds_them_again_and_nobody_else(run, clip, images, tmp_path):
    there, nobody = images[:28], [np.full_like(images[0], 90)] * 36
    stranger = [image[..., ::-1] for image in there]  # in blue, with red trousers
    video = save(tmp_path / "video.mp4", [*there, *nobody, *stranger, *nobody, *there], clip.fps)
    lines = run("follow_person.py", video)
    found = [re.match(r"([\d.]+) s, person (\d+): [\d.]+ m ahead", line) for line in lines]
    seen = {float(match[1]): int(match[2]) for match in found if match}
    assert len(seen) == len(lines)
    frames = np.rint(np.array([*seen]) * clip.fps)
    first, last = frames < 28 + 36, frames >= 2 * (28 + 36)
    assert first.sum() > 8 and last.sum() > 8 and (first | last).all()
    assert len(set(seen.values())) == 1  # re-identified by their clothes


def test_count_in_zone_counts_who_enters(run, clip, images, tmp_path):
    """The person begins on the left, 0.9 m from the middle, and walks to the right."""
    at = np.flatnonzero(clip.joints[:, 0, 0] > 0)[0]
    lines = run("count_in_zone.py", save(tmp_path / "walk.mp4", images[: at + 8], clip.fps))
    assert [line.partition(": ")[2] for line in lines] == [
        "0 in the zone", "1 in the zone", "0 in the zone",
    ]  # fmt: skip
    left_s = float(lines[-1].partition(" s")[0])
    assert left_s == pytest.approx(at / clip.fps, abs=0.15)


def test_save_walk_writes_bvh(run, clip, images, tmp_path):
    pybvh = pytest.importorskip("pybvh")
    video = save(tmp_path / "walk.mp4", images[:40], clip.fps)
    lines = run("save_walk.py", video, tmp_path / "walk.bvh")
    assert lines[0].startswith("warning: the camera is not calibrated")
    assert lines[-1].endswith("walk.bvh: 40 frames, 40 of them with a pose")
    assert len(pybvh.read_bvh_file(str(tmp_path / "walk.bvh")).joint_positions()) == 40


def test_two_cameras_see_one_person(run, clip, images, tmp_path):
    """A stride takes 72 degrees of the circle and 36 images, and all strides are the same.

    So from 72 degrees farther back on the circle, the walk looks like the clip 36 images later.
    """
    calibration = tmp_path / "camera.yaml"
    calibration.write_text(yaml.safe_dump(camera_yaml(clip)))
    view, cameras = clip_view(), {}
    for name, first, degrees in (("left", 0, 0), ("right", 36, -72)):
        around = Rotation.from_euler("z", degrees, degrees=True)
        centre = np.array([*WALK.centre, 0.0])
        cameras[name] = {
            "video": str(save(tmp_path / f"{name}.mp4", images[first : first + 26], clip.fps)),
            "calibration": str(calibration),
            "xyz": (centre + around.apply(view.position - centre)).tolist(),
            "xyzw": (around * Rotation.from_matrix(view.rotation.T)).as_quat().tolist(),
        }
    (tmp_path / "cameras.yaml").write_text(yaml.safe_dump(cameras))
    lines = run("two_cameras.py", tmp_path / "cameras.yaml")
    time_s, x, y, z = map(float, re.findall(r"[-\d.]*\d", lines[-1].replace("person 0", "")))
    assert lines[-1].endswith("seen by left, right")
    truth = WALK.pose(time_s).joints[0]
    assert np.linalg.norm(truth - (x, y, z)) < 0.08


def test_train_on_own_trains_on_c3d_files(run, tmp_path):
    pytest.importorskip("lightning", reason="training needs the `train` extra")
    pytest.importorskip("ezc3d")
    takes, out = tmp_path / "takes", tmp_path / "run"
    takes.mkdir()
    for name, start in (("first", 0.0), ("second", 2.0), ("third", 4.0)):
        write_take(takes / f"{name}.c3d", [WALK.pose(start + k / 100) for k in range(120)])
    small = ["++model.trunk={channels: 16, depth: 1, heads: 2, mlp_ratio: 2.0}", "progress=false"]
    few = ["data.batch_size=4", "trainer.max_steps=2", "trainer.val_check_interval=2"]
    lines = run("train_on_own.py", takes, out, *small, *few)
    assert lines[-1].startswith("Trained(folder=")
    x_2d = read_windows(takes / "windows.npz").x_2d
    assert len(x_2d) == 4  # 60 frames at 50 Hz are two windows, each seen by two cameras
    assert load_model(out / "model")(torch.from_numpy(x_2d)).shape == (4, 27, 17, 3)
    with np.load(takes / "first.npz") as take:
        walked = [WALK.pose(k / 50) for k in range(60)]
        joints, facing = (
            np.array([getattr(pose, name) for pose in walked])
            for name in ("joints", "head_forward")
        )
        np.testing.assert_allclose(take["positions"], joints, atol=1e-3)
        cosine = (take["head_forward"] * facing).sum(-1)
        assert cosine.min() > np.cos(np.radians(25))


def camera_yaml(clip: Clip) -> dict[str, Any]:
    """A camera file as ROS's camera_calibration writes it."""
    return {
        "image_width": clip.camera.width,
        "image_height": clip.camera.height,
        "camera_matrix": {"rows": 3, "cols": 3, "data": clip.camera.matrix.ravel().tolist()},
        "distortion_model": "plumb_bob",
        "distortion_coefficients": {"rows": 1, "cols": 5, "data": [0.0] * 5},
    }


def write_take(path: Path, poses: Sequence[Pose]) -> None:
    """A C3D file at 100 Hz, z up."""
    joints = np.array([pose.joints for pose in poses]) @ UP["z"]
    rows = np.zeros(len(poses), POSE_ROW)
    rows["frame"] = np.arange(len(poses))
    rows["time_s"] = rows["frame"] / 100
    rows["root"], rows["pose"] = joints[:, 0], joints - joints[:, :1]
    write_poses(path, PoseRecording([PoseTrack(0, rows)], 100.0))
