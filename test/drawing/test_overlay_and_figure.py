"""The overlay frame and the still figure."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from diffhpe_ros.drawing import compose_frame
from diffhpe_ros.drawing.figure import save_skeleton_figure
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.rendering.clip import Clip, walking_clip
from diffhpe_ros.video import VideoReader


@pytest.fixture(scope="module")
def clip() -> Clip:
    return walking_clip()


@pytest.fixture(scope="module")
def image(clip: Clip) -> np.ndarray:
    with VideoReader(clip.video_path) as video:
        return next(image for _, _, image in video)


def test_image_at_the_left_scene_at_the_right(clip: Clip, image: np.ndarray) -> None:
    frame = compose_frame(image, clip.camera.project(clip.joints[0]), clip.joints[:1])
    assert frame.shape == (480, 1280, 3)
    np.testing.assert_array_equal(frame[-20:, :640], image[-20:])
    assert frame[:, 640:].mean() > 230  # a light panel


def test_any_image_fits_and_its_joints_move_along(clip: Clip) -> None:
    tall = np.zeros((1920, 1080, 3), np.uint8)
    keypoints = np.full((1, 17, 2), np.nan)
    keypoints[0, 10] = 540, 960
    frame = compose_frame(tall, keypoints, size=(800, 400))
    assert frame.shape == (400, 800, 3)
    assert np.abs(frame[200, 200].astype(int) - (95, 95, 95)).max() < 30  # the head, grey


def test_states_look_different_and_labels_are_written(clip: Clip, image: np.ndarray) -> None:
    nobody = compose_frame(image)
    waiting = compose_frame(image, clip.camera.project(clip.joints[0]))
    assert (nobody[:, 640:] != waiting[:, 640:]).any()
    labelled = compose_frame(image, labels=["t 0.00 s", "latency 41 ms"])
    changed = (labelled != nobody).any(2)
    assert changed[:50, :60].all()
    assert not changed[:, 640:].any()
    assert labelled[:60, :200].max() > 240  # white letters


def test_people_have_their_names_above_their_heads() -> None:
    black = np.zeros((480, 640, 3), np.uint8)
    people = np.full((2, 17, 2), np.nan)
    people[0, [10, 0]], people[1, [10, 0]] = [(200, 200), (200, 300)], [(400, 250), (400, 350)]
    plain, named = (compose_frame(black, people, names=names) for names in ([], ["#0", "#1"]))
    rows, columns = np.nonzero((plain != named).any(2))
    left = columns < 300
    assert left.any() and (~left).any()
    assert abs(columns[left].mean() - 200) < 5 and 160 < rows[left].min() < rows[left].max() < 200
    assert abs(columns[~left].mean() - 400) < 5
    assert 210 < rows[~left].min() < rows[~left].max() < 250


@pytest.mark.parametrize("with_truth", [True, False])
def test_figure_is_a_readable_png(
    tmp_path: Path, clip: Clip, image: np.ndarray, with_truth: bool
) -> None:
    path = tmp_path / "skeleton.png"
    keypoints, pose = clip.camera.project(clip.joints[0]), clip.joints[0].copy()
    keypoints[3], pose[3] = np.nan, np.nan
    save_skeleton_figure(path, image, keypoints, pose, clip.joints[0] if with_truth else None, "t")
    picture = cv2.imread(str(path))
    assert picture.shape[1] > 1200
    assert picture.std() > 20


def test_wrong_shapes_and_unwritable_files_say_so(
    tmp_path: Path, clip: Clip, image: np.ndarray
) -> None:
    keypoints, pose = clip.camera.project(clip.joints[0]), clip.joints[0]
    with pytest.raises(DiffhpeError, match=r"\(P, 17, 2\)"):
        compose_frame(image, keypoints[:16])
    with pytest.raises(DiffhpeError, match="pose of"):
        save_skeleton_figure(tmp_path / "a.png", image, keypoints, pose[:16])
    with pytest.raises(DiffhpeError, match="cannot write"):
        save_skeleton_figure(tmp_path / "missing" / "a.png", image, keypoints, pose)
