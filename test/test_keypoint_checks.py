"""Mistakes in users' keypoint files: impossible values are refused, unlikely ones warned of."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from diffhpe_ros.camera import Camera
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.keypoint_checks import camera_warnings, truth_warnings
from diffhpe_ros.keypoint_files import LiftedTrack, lift_track, read_track
from diffhpe_ros.lifting import Lifter
from diffhpe_ros.rendering.clip import walking_clip
from diffhpe_ros.skeleton import MIRRORED

CLIP = walking_clip()
KEYPOINTS = CLIP.camera.project(CLIP.joints[:60]).astype(np.float32)
SIZE = np.array([CLIP.camera.width, CLIP.camera.height])


@pytest.fixture(scope="module")
def lifter() -> Lifter:
    return Lifter.from_pretrained("mixste", decode="rigid")


def write(folder: Path, keypoints: NDArray[np.float32], **changes: object) -> Path:
    values = {
        "keypoints": keypoints, "layout": "h36m17", "fps": 30.0, "width": CLIP.camera.width,
        "height": CLIP.camera.height, "K": CLIP.camera.matrix,
    } | changes  # fmt: skip
    np.savez(folder / "keypoints.npz", **values)
    return folder / "keypoints.npz"


def lifted(folder: Path, lifter: Lifter, keypoints: NDArray[np.float32]) -> LiftedTrack:
    return lift_track(lifter, read_track(write(folder, keypoints)))


def with_confidence(scores: object) -> NDArray[np.float32]:
    return np.concatenate([KEYPOINTS, np.broadcast_to(scores, (60, 17))[..., None]], -1)


def test_right_file_gives_no_warning(tmp_path, lifter):
    track = read_track(write(tmp_path, KEYPOINTS))
    assert track.warnings == ()
    assert lift_track(lifter, track).warnings == ()


@pytest.mark.parametrize(
    "normalise", [lambda points: points / SIZE, lambda points: points / SIZE[0] * 2 - 1]
)
def test_normalised_coordinates_are_refused(tmp_path, normalise: Callable[..., NDArray]):
    with pytest.raises(DiffhpeError, match="normalised coordinates.*Pixels of the .* expected"):
        read_track(write(tmp_path, normalise(KEYPOINTS)))


def test_joints_outside_of_the_image_are_unseen(tmp_path):
    keypoints = KEYPOINTS.copy()
    keypoints[:, [2, 3, 5, 6]] = -1
    track = read_track(write(tmp_path, keypoints))
    assert np.isnan(track.keypoints[:, [2, 3, 5, 6]]).all()
    assert (track.confidence[:, [2, 3, 5, 6]] == 0).all()
    assert "24% of the joints lie outside" in track.warnings[0]


def test_keypoints_of_which_none_is_in_the_image_are_refused(tmp_path):
    with pytest.raises(DiffhpeError, match="100% of the joints lie outside"):
        read_track(write(tmp_path, KEYPOINTS + 3000))


def test_low_confidence_is_unseen_below_a_threshold(tmp_path):
    scores = np.ones((60, 17))
    scores[:, 3] = 0.25
    file = write(tmp_path, with_confidence(scores))
    assert np.isnan(read_track(file).keypoints[:, 3]).all()
    assert np.isfinite(read_track(file, min_confidence=0.2).keypoints[:, 3]).all()


@pytest.mark.parametrize("greatest", [1e-4, 2.0, 100.0])
def test_confidence_of_another_scale_is_relative_and_warned_of(tmp_path, greatest: float):
    track = read_track(write(tmp_path, with_confidence(greatest)))
    np.testing.assert_array_equal(track.confidence, 1)
    assert f"confidence goes up to {greatest:g}" in track.warnings[0]


def test_another_layout_does_not_fit_the_poses(tmp_path, lifter):
    coco_order = KEYPOINTS[:, [9, 10, 10, 9, 9, 11, 14, 12, 15, 13, 16, 4, 1, 5, 2, 6, 3]]
    warnings = " ".join(lifted(tmp_path, lifter, coco_order).warnings)
    assert "reprojection error" in warnings


def test_y_up_stands_on_the_head(tmp_path, lifter):
    flipped = KEYPOINTS * [1, -1] + [0, CLIP.camera.height - 1]
    warnings = " ".join(lifted(tmp_path, lifter, flipped.astype(np.float32)).warnings)
    assert "the head is below the feet in 100% of the frames" in warnings


def test_intrinsics_of_another_resolution_are_warned_of():
    half = CLIP.camera.matrix * [[0.5], [0.5], [1]]
    camera = Camera(CLIP.camera.width, CLIP.camera.height, half, np.zeros(5))
    assert "principal point" in next(camera_warnings(camera))
    assert list(camera_warnings(CLIP.camera)) == []


def test_focal_length_in_metres_is_warned_of():
    matrix = CLIP.camera.matrix.copy()
    matrix[[0, 1], [0, 1]] = 4.0
    camera = Camera(CLIP.camera.width, CLIP.camera.height, matrix, np.zeros(5))
    assert "focal length of K, 4 pixels" in next(camera_warnings(camera))


def test_truth_that_does_not_fit_its_keypoints_is_warned_of():
    poses = (CLIP.joints - CLIP.joints[:, :1])[None, :27].astype(np.float32)
    root = CLIP.joints[None, :27, 0]
    x_2d = np.float32(2.29) * CLIP.joints[None, :27, :, :2] / CLIP.joints[None, :27, :, 2:]
    assert list(truth_warnings(x_2d, poses, root)) == []
    x_2d[0, 5, 1:] = 0  # only one joint is seen, so the extent is 0
    assert list(truth_warnings(x_2d, poses, root)) == []
    (text,) = truth_warnings(x_2d[:, :, list(MIRRORED)], poses, root)
    assert "x does not fit y and root" in text
