"""Variance features, and the covariance that grows with them."""

import numpy as np
import pytest
import torch

from diffhpe_ros.camera import CANONICAL_FOCAL
from diffhpe_ros.lifting.pipeline.coherence_limits import VarianceFeature, read_variance_features
from diffhpe_ros.lifting.pipeline.covariance import covariance
from diffhpe_ros.lifting.pipeline.variance_features import (
    LEFT_SHOULDER,
    NOISE_2D,
    RIGHT_SHOULDER,
    VARIANCE_FEATURES,
    LiftedBatch,
    variance_features,
)
from diffhpe_ros.lifting.pipeline.views import PersonView
from diffhpe_ros.rendering.walk import CircleWalk

WRIST = 13
STD_MM = np.full((17, 3), [10.0, 20.0, 40.0])


def walk(root: tuple[float, float, float] = (0.3, 0.2, 4.0)) -> LiftedBatch:
    """A walk with exact keypoints."""
    joints = np.array([CircleWalk().pose(k / 50).joints for k in range(27)])[None]
    poses = joints - joints[:, :, :1]
    placed = poses + np.array(root)
    x_2d = CANONICAL_FOCAL * placed[..., :2] / placed[..., 2:]
    return LiftedBatch(poses, x_2d, np.ones((1, 27, 17)), np.full((1, 27, 17, 2, 2), np.nan))


def covariance_of(lifted: LiftedBatch, slopes: dict[str, VarianceFeature]) -> np.ndarray:
    _, rotation = PersonView().to_model_view(torch.from_numpy(lifted.x_2d.astype(np.float32)))
    return covariance(lifted.poses[:, None], lifted, rotation.numpy(), STD_MM, slopes)


def test_reprojection_residual_rises_where_a_pose_does_not_fit_its_image():
    right, wrong = walk(), walk()
    wrong.poses[:, :, WRIST, 0] += 0.2
    before, after = variance_features(right), variance_features(wrong)
    risen = (after["joint_residual"] - before["joint_residual"])[0, 13]
    assert risen.argmax() == WRIST and risen[WRIST] > 1
    assert (after["window_residual"] > before["window_residual"]).all()


def test_segment_variation_rises_with_bones_that_breathe():
    breathing = walk()
    breathing.poses[:, ::2] *= 1.05
    assert (
        variance_features(breathing)["segment_variation"]
        > variance_features(walk())["segment_variation"] + 1
    ).all()


def test_frames_since_seen_count_in_both_directions():
    hidden = walk()
    hidden.x_2d[:, 10:15, WRIST] = 0
    hidden.x_2d[:, :, 3] = 0
    absent = np.expm1(variance_features(hidden)["frames_since_seen"][0])
    np.testing.assert_allclose(absent[8:17, WRIST], [0, 0, 1, 2, 3, 2, 1, 0, 0], atol=1e-6)
    assert absent[:, 3].min() == pytest.approx(27)
    assert absent[:, 5].max() == 0


def test_keypoint_noise_is_the_detectors():
    """A joint of confidence 0.25, and one with three times the normal standard deviation."""
    told = walk()
    told.confidence[:, :, WRIST] = 0.25
    size = float(np.ptp(told.x_2d, axis=2).max(-1).mean())
    told.covariance_2d[:, :, 3] = (3 * NOISE_2D * size) ** 2 * np.eye(2)
    found = variance_features(told)["keypoint_noise"]
    np.testing.assert_allclose(np.exp(found[..., WRIST]), 2)
    np.testing.assert_allclose(np.exp(found[..., 3]), 3, rtol=1e-6)
    assert (found[..., 5] == 0).all()


def test_window_noise_is_of_all_joints():
    unsure = walk()
    unsure.confidence[:, :, WRIST] = 1 / 16
    found = variance_features(unsure)["window_noise"]
    np.testing.assert_allclose(found, np.log(4) / 17)


def test_motion_and_side_view_are_those_of_the_lifted_pose():
    walking, still = walk(), walk()
    still.poses[:] = still.poses[:, :1]
    faster = variance_features(walking)["motion"] - variance_features(still)["motion"]
    assert (faster > 1).all()
    still.poses[:, :, LEFT_SHOULDER] = [0.2, 0.0, 0.0]
    still.poses[:, :, RIGHT_SHOULDER] = [-0.2, 0.0, 0.0]
    assert variance_features(still)["side_view"].max() < 0.15
    still.poses[:, :, LEFT_SHOULDER] = [0.0, 0.0, 0.2]
    still.poses[:, :, RIGHT_SHOULDER] = [0.0, 0.0, -0.2]
    assert variance_features(still)["side_view"].min() > 0.98


def test_uncertainty_lies_along_the_line_of_sight():
    lifted = walk(root=(3.0, 0.0, 3.0))
    own = covariance_of(lifted, {})[0, 13, WRIST]
    ray = np.array([1.0, 0.0, 1.0]) / np.sqrt(2)
    assert np.sqrt(ray @ own @ ray) == pytest.approx(0.04, rel=0.02)
    assert np.sqrt(own[1, 1]) == pytest.approx(0.02, rel=0.02)
    assert np.trace(own) == pytest.approx(0.01**2 + 0.02**2 + 0.04**2, rel=1e-4)


def test_uncertainty_grows_with_a_feature_up_to_a_bound():
    ends = {"window_edge": VarianceFeature(mean=0.0, x=0.5, y=0.5, z=1.0)}
    variance = np.trace(covariance_of(walk(), ends)[0, :, WRIST], axis1=-2, axis2=-1)
    expected = np.exp(1) * (0.01**2 + 0.02**2) + np.exp(2) * 0.04**2
    assert variance[-1] == pytest.approx(expected, rel=1e-4)
    assert variance[13] == pytest.approx(0.01**2 + 0.02**2 + 0.04**2, rel=1e-4)
    wild = {"window_edge": VarianceFeature(mean=-100.0, x=1.0, y=1.0, z=1.0)}
    assert np.isfinite(covariance_of(walk(), wild)).all()


def test_joints_may_have_slopes_of_their_own():
    slopes = np.zeros(17)
    slopes[WRIST] = 1.0
    ends = {"window_edge": VarianceFeature(0.0, x=0.0, y=tuple(slopes), z=0.0)}
    variance = np.trace(covariance_of(walk(), ends)[0, -1], axis1=-2, axis2=-1)
    assert variance[WRIST] == pytest.approx(0.01**2 + np.exp(2) * 0.02**2 + 0.04**2, rel=1e-4)
    assert variance[3] == pytest.approx(0.01**2 + 0.02**2 + 0.04**2, rel=1e-4)


def test_slopes_are_read_for_all_joints_or_for_each():
    former = read_variance_features({"ends": {"mean": 0.1, "across": 0.5, "along": 0.2}})
    assert former == {"window_edge": VarianceFeature(0.1, 0.5, 0.5, 0.2)}
    each = read_variance_features(
        {"unseen": {"mean": 0.1, "x": [0.5, *[1.0] * 16], "y": 0.3, "z": 0}}
    )
    assert each["unseen"] == VarianceFeature(0.1, (0.5, *[1.0] * 16), 0.3, 0)
    for wrong in ([0.5] * 16, ["wide"] * 17, "wide"):
        with pytest.raises(ValueError, match="expected a"):
            read_variance_features({"unseen": {"mean": 0.1, "x": wrong, "y": 0, "z": 0}})


def test_every_feature_has_a_value_for_every_window():
    for name, values in variance_features(walk()).items():
        assert values.shape == (1, 27, 17) and np.isfinite(values).all(), name
    nobody = LiftedBatch(*(np.full_like(each, np.nan) for each in (
        walk().poses, walk().x_2d, walk().confidence, walk().covariance_2d)))  # fmt: skip
    nobody.x_2d[:] = 0
    nobody.confidence[:] = 0
    assert set(variance_features(nobody)) == set(VARIANCE_FEATURES)
