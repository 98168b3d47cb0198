"""The root's trajectory from poses and their image."""

from pathlib import Path

import numpy as np
import pytest
from standing_person import STANDING, SURE, TIMES_S, WINDOW, look

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.geometry import localize_root, localize_windows
from diffhpe_ros.skeleton import MIRRORED

UPPER_BODY = range(7, 17)


@pytest.mark.parametrize("root", [(0, 0, 3), (1.5, -0.4, 4), (-3, 0.5, 8), (0.1, 0.2, 0.9)])
def test_root_of_a_noise_free_image_is_exact(root: tuple[float, float, float]) -> None:
    place = localize_windows(WINDOW, look(WINDOW, root), SURE)
    np.testing.assert_allclose(place.root, np.tile(root, (27, 1)), atol=1e-3)


def test_root_is_found_from_a_single_frame() -> None:
    image = look(STANDING, (0.3, 0, 5))
    np.testing.assert_allclose(
        localize_root(STANDING[None], image[None], SURE[:1]), [[0.3, 0, 5]], atol=1e-6
    )


def test_root_of_a_walking_person_is_found_in_every_frame() -> None:
    """Swaying sideways and coming nearer by 1.5 m/s."""
    path = np.stack([0.1 * np.sin(8 * TIMES_S), 0 * TIMES_S, 5 - 1.5 * TIMES_S], -1)
    place = localize_windows(WINDOW, look(WINDOW, path), SURE)
    np.testing.assert_allclose(place.root, path, atol=0.01)
    lag = localize_windows(WINDOW, look(WINDOW, path), SURE, TIMES_S - TIMES_S[-1])
    np.testing.assert_allclose(lag.root, place.root, atol=1e-9)  # times count by differences


def test_leading_axes_give_the_same_as_one_by_one() -> None:
    rng = np.random.default_rng(0)
    roots = rng.uniform([-2, -1, 2], [2, 1, 8], (4, 5, 1, 3))
    poses = WINDOW + rng.normal(0, 0.05, (4, 5, 27, 17, 3))
    confidence = rng.uniform(0.1, 1, (4, 5, 27, 17))
    image = look(poses, roots)
    placed = localize_root(poses, image, confidence)
    assert placed.shape == (4, 5, 27, 3)
    one = localize_root(poses[2, 3], image[2, 3], confidence[2, 3])
    np.testing.assert_allclose(placed[2, 3], one)


@pytest.mark.parametrize(("joints", "most"), [(range(17), 0.027), (UPPER_BODY, 0.04)])
def test_variance_is_that_of_the_frozen_evaluation(mocap: Path, joints: range, most: float) -> None:
    """True poses with 5 % of persistent noise, like a model's errors, seen with detector noise."""
    with np.load(mocap / "cmu_validation.npz") as file:
        pose, noisy, root = (file[name] for name in ("y", "x", "root"))
    rng = np.random.default_rng(0)
    pose = pose + rng.normal(0, 0.03, (len(pose), 1, 17, 3)).astype(np.float32)
    confidence = np.zeros(noisy.shape[:-1], np.float32)
    confidence[..., list(joints)] = 1
    place = localize_windows(pose, noisy, confidence)
    assert place.root.dtype == np.float32
    off = (place.root[:, -1, 2] - root[:, -1, 2]) / root[:, -1, 2]
    assert np.median(np.abs(off)) < most
    fit = off * root[:, -1, 2] / np.sqrt(place.variance[:, -1])
    assert 0.55 < (np.abs(fit) < 1).mean() < 0.95


def test_frame_with_swapped_limbs_pulls_little() -> None:
    image = look(WINDOW, (0, 0, 5)) + np.random.default_rng(0).normal(0, 0.004, (27, 17, 2))
    swapped = image.copy()
    swapped[18:] = swapped[18:, list(MIRRORED)]
    alone = localize_root(WINDOW[-1:], swapped[-1:], SURE[-1:])[0, 2]
    together = localize_root(WINDOW, swapped, SURE)[-1, 2]
    assert abs(together - 5) < min(0.25, abs(alone - 5))


def test_half_a_body_is_enough_and_less_certain() -> None:
    image = look(WINDOW, (0, 0.6, 1.5))
    whole = localize_windows(WINDOW, image, SURE)
    image[:, :7] = np.nan  # the hips and legs are below the edge of the image
    half = localize_windows(WINDOW, image, SURE)
    np.testing.assert_allclose(half.root[-1], (0, 0.6, 1.5), atol=1e-3)
    assert half.variance[-1] > 2 * whole.variance[-1]


def test_uncertain_and_unseen_joints_count_little_and_nothing() -> None:
    image, confidence = look(WINDOW, (0, 0, 3)), SURE.copy()
    covariance = np.full((27, 17, 2, 2), 1e-6) * np.eye(2)
    image[:, [3, 6]] += 5
    image[:, 13] += 0.3
    confidence[:, 3], confidence[:, 6] = 0, np.nan
    covariance[:, 13] = 4 * np.eye(2)
    placed = localize_windows(WINDOW, image, confidence, None, covariance).root
    np.testing.assert_allclose(placed[-1], (0, 0, 3), atol=1e-2)
    covariance[:, 13] = np.nan  # the detector gives none: the default uncertainty is used
    assert (
        abs(localize_windows(WINDOW, image, confidence, None, covariance).root[-1, 2] - 3) > 0.015
    )


def test_root_that_is_unknown_is_nan() -> None:
    image = look(WINDOW, (0, 0, 3))
    two_joints = np.where(np.arange(17) < 2, SURE, 0.0)
    assert np.isnan(localize_root(WINDOW, image, two_joints)).all()
    assert np.isnan(localize_root(WINDOW, np.full((27, 17, 2), np.nan), SURE)).all()
    assert np.isnan(localize_root(WINDOW, np.full((27, 17, 2), 0.3), SURE)).all()  # one ray
    assert np.isnan(localize_root(np.full((27, 17, 3), np.nan), image, SURE)).all()


def test_root_behind_the_camera_is_nan() -> None:
    upside_down = -look(WINDOW, (0, 0, 3))  # the projection of a person behind the camera
    assert np.isnan(localize_root(WINDOW, upside_down, SURE)).all()


def test_root_is_nan_where_only_the_joints_are_in_front() -> None:
    pose = WINDOW + np.array([0, 0, 0.5])
    pose[:, 0] = 0  # the hip, 0.1 m behind the camera, all else in front of it
    seen = np.where(np.arange(17) > 0, SURE, 0.0)
    assert np.isnan(localize_root(pose, look(pose, (0, 0, -0.1)), seen)).all()


def test_root_of_a_person_too_far_away_is_nan() -> None:
    assert np.isfinite(localize_root(WINDOW, look(WINDOW, (0, 0, 50)), SURE)).all()
    assert np.isnan(localize_root(WINDOW, look(WINDOW, (0, 0, 1000)), SURE)).all()


def test_unseen_frame_does_not_change_the_others() -> None:
    image = look(WINDOW, (0, 0, 3))
    image[-1] = np.nan
    placed = localize_root(WINDOW, image, SURE)
    np.testing.assert_array_equal(np.isnan(placed).any(-1), np.arange(27) == 26)


def test_shapes_that_do_not_fit_are_named() -> None:
    with pytest.raises(DiffhpeError, match=r"got \(27, 17, 3\), \(27, 16, 2\) and \(27, 17\)"):
        localize_root(WINDOW, np.zeros((27, 16, 2)), SURE)
