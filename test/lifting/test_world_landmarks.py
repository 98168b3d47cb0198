"""A detector's own 3D joints are fused with the lifted poses."""

import numpy as np
import pytest

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting import Lifter
from diffhpe_ros.lifting.pipeline.views import look_at_rotation, mean_ray
from diffhpe_ros.lifting.pipeline.world_landmarks import WEIGHT, fuse, to_poses


@pytest.fixture
def x_2d() -> np.ndarray:
    """(2, 27, 17, 2): two people, well off the axis."""
    spread = 0.1 * np.random.default_rng(0).standard_normal((2, 27, 17, 2), np.float32)
    return spread + np.array([[0.8, 0.2], [-0.5, -0.4]], np.float32)[:, None, None]


@pytest.fixture
def poses() -> np.ndarray:
    """(2, 27, 17, 3), root-relative."""
    made = np.random.default_rng(1).normal(0, 0.3, (2, 27, 17, 3)).astype(np.float32)
    return made - made[:, :, :1]


def as_seen_along_the_ray(poses: np.ndarray, x_2d: np.ndarray) -> np.ndarray:
    rotation = look_at_rotation(mean_ray(x_2d))
    return np.einsum("bij,blkj->blki", rotation, poses)


def test_the_truth_along_the_ray_is_the_truth_in_the_camera_frame(x_2d, poses):
    landmarks = as_seen_along_the_ray(poses, x_2d) + 0.1  # the root does not matter
    np.testing.assert_allclose(to_poses(landmarks, x_2d), poses, atol=1e-6)


def test_a_constant_difference_is_taken_over_by_its_weight(x_2d, poses):
    offset = np.zeros((17, 3), np.float32)
    offset[13] = 0.1, -0.05, 0.2
    landmarks = as_seen_along_the_ray(poses + offset, x_2d)
    np.testing.assert_allclose(fuse(poses, landmarks, x_2d), poses + WEIGHT * offset, atol=1e-6)


def test_trembling_landmarks_are_averaged(x_2d, poses):
    noise = np.random.default_rng(2).normal(0, 0.05, poses.shape).astype(np.float32)
    noise[:, :, 0] = 0
    moved = fuse(poses, as_seen_along_the_ray(poses + noise, x_2d), x_2d) - poses
    assert moved[:, 8:19, 1:].std() < 0.3 * WEIGHT * 0.05


def test_frames_without_landmarks_or_far_from_the_poses_change_nothing(x_2d, poses):
    landmarks = as_seen_along_the_ray(poses, x_2d)
    landmarks[0, :13] = np.nan
    landmarks[0, 13:] *= -1
    landmarks[1] = np.nan
    np.testing.assert_array_equal(fuse(poses, landmarks, x_2d), poses)


def test_lifter_fuses_unless_told_not_to(wrapper_folder, windows):
    lifter, alone = (Lifter.from_pretrained(wrapper_folder, fuse=fuse) for fuse in (True, False))
    landmarks = np.zeros((*windows.shape[:3], 3), np.float32)
    landmarks[..., 10, 1] = -0.2
    lifted = lifter.lift(windows).poses
    np.testing.assert_array_equal(alone.lift(windows, world_landmarks=landmarks).poses, lifted)
    fused = lifter.lift(windows, world_landmarks=landmarks)
    expected = fuse(lifted, landmarks, windows.numpy())
    np.testing.assert_array_equal(fused.poses, expected)
    np.testing.assert_array_equal(fused.covariance, lifter.lift(windows).covariance)


def test_bad_shape_is_refused(wrapper_folder, windows):
    lifter = Lifter.from_pretrained(wrapper_folder)
    with pytest.raises(DiffhpeError, match=r"world_landmarks must be .*27, 17, 3"):
        lifter.lift(windows, world_landmarks=np.zeros((1, 17, 3)))
