"""The root's position from a pose and its image."""

import numpy as np
import pytest

from diffhpe_ros.camera import CANONICAL_FOCAL
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.placement import place_root

# A person of 1.7 m who stands upright, arms a little away, facing the camera (y points down).
STANDING = np.array(
    [
        [0, 0, 0], [-0.13, 0, 0], [-0.14, 0.45, 0.03], [-0.15, 0.88, 0.1],
        [0.13, 0, 0], [0.14, 0.45, 0.03], [0.15, 0.88, 0.1],
        [0, -0.25, 0], [0, -0.5, 0.02], [0, -0.6, -0.06], [0, -0.7, 0],
        [0.18, -0.48, 0], [0.35, -0.3, 0.02], [0.4, -0.08, -0.05],
        [-0.18, -0.48, 0], [-0.35, -0.3, 0.02], [-0.4, -0.08, -0.05],
    ]
)  # fmt: skip
CONFIDENT = np.ones(17)
UPPER_BODY = range(7, 17)


def look(pose, root):
    """The pose at the root in the canonical view."""
    points = pose + np.asarray(root)[..., None, :]
    return CANONICAL_FOCAL * points[..., :2] / points[..., 2:]


@pytest.mark.parametrize("root", [(0, 0, 3), (1.5, -0.4, 4), (-3, 0.5, 8), (0.1, 0.2, 0.9)])
def test_a_noise_free_image_gives_the_exact_place(root):
    np.testing.assert_allclose(
        place_root(STANDING, look(STANDING, root), CONFIDENT), root, atol=1e-9
    )


def test_any_leading_axes_give_the_same_as_one_by_one():
    rng = np.random.default_rng(0)
    roots = rng.uniform([-2, -1, 2], [2, 1, 8], (4, 5, 3))
    poses = STANDING + rng.normal(0, 0.05, (4, 5, 17, 3))
    confidence = rng.uniform(0.1, 1, (4, 5, 17))
    image = look(poses, roots)
    placed = place_root(poses, image, confidence)
    np.testing.assert_allclose(placed, roots, atol=1e-8)
    np.testing.assert_allclose(placed[2, 3], place_root(poses[2, 3], image[2, 3], confidence[2, 3]))


@pytest.mark.parametrize(
    ("seen", "mean_error"), [(range(17), 0.01), (UPPER_BODY, 0.03)], ids=["whole", "upper body"]
)
def test_one_percent_of_noise_moves_the_person_by_a_percent_or_so(seen, mean_error):
    """Noise of 1 % of the height in the image: under 1 % of the distance, 3 % for half a body."""
    rng = np.random.default_rng(0)
    image = look(STANDING, (0.5, 0.2, 4.0))
    noisy = image + rng.normal(0, 0.01 * np.ptp(image[:, 1]), (500, 17, 2))
    confidence = np.zeros((500, 17))
    confidence[:, list(seen)] = 1
    placed = place_root(np.broadcast_to(STANDING, (500, 17, 3)), noisy, confidence)
    relative = np.linalg.norm(placed - (0.5, 0.2, 4.0), axis=-1) / 4.0
    assert 0.001 < relative.mean() < mean_error


def test_the_frozen_evaluation_is_placed_within_a_percent(shared_data):
    with np.load(shared_data / "mocap" / "cmu_validation.npz") as file:
        pose, clean, noisy, root = (file[name] for name in ("y", "x_clean", "x", "root"))
    confidence = np.ones(clean.shape[:-1], np.float32)
    exact = place_root(pose, clean, confidence)
    assert exact.dtype == np.float32
    np.testing.assert_allclose(exact, root, atol=1e-4)
    off = np.linalg.norm(place_root(pose, noisy, confidence) - root, axis=-1)
    assert (off / np.linalg.norm(root, axis=-1)).mean() < 0.012


def test_half_a_body_is_enough():
    image = look(STANDING, (0, 0.6, 1.5))
    image[:7] = np.nan  # the hips and legs are below the edge of the image
    np.testing.assert_allclose(place_root(STANDING, image, CONFIDENT), (0, 0.6, 1.5), atol=1e-9)


def test_joints_of_no_confidence_do_not_count():
    image, confidence = look(STANDING, (0, 0, 3)), CONFIDENT.copy()
    image[[3, 6]] += 5
    confidence[3], confidence[6] = 0, np.nan
    np.testing.assert_allclose(place_root(STANDING, image, confidence), (0, 0, 3), atol=1e-9)


def best_reprojection(pose, image, root):
    """The root (N, 3) of the least reprojection error, by Gauss and Newton, starting at `root`."""
    step = 1e-5
    for _ in range(10):
        error = (look(pose, root) - image).reshape(len(root), -1)
        moved = [look(pose, root + step * axis) - image for axis in np.eye(3)]
        slope = np.stack([part.reshape(error.shape) - error for part in moved], -1) / step
        root = root - np.einsum("nij,nj->ni", np.linalg.pinv(slope), error)
    return root


def test_it_is_the_reprojection_error_that_is_least():
    """A leg near the camera must not count more for its depth; one pass alone is 12 mm off."""
    pose = STANDING.copy()
    pose[[1, 2, 3]] += [0, -0.4, -1.2]  # kicks towards the camera
    poses = np.broadcast_to(pose, (300, 17, 3))
    image = look(poses, (0, 0, 2.5)) + np.random.default_rng(0).normal(0, 0.02, (300, 17, 2))
    placed = place_root(poses, image, np.ones((300, 17)))
    off = np.linalg.norm(placed - best_reprojection(poses, image, placed), axis=-1)
    assert off.mean() < 0.007


def test_what_cannot_be_known_is_nan():
    image = look(STANDING, (0, 0, 3))
    two_joints = np.where(np.arange(17) < 2, 1.0, 0.0)
    assert np.isnan(place_root(STANDING, image, two_joints)).all()
    assert np.isnan(place_root(STANDING, np.full((17, 2), np.nan), CONFIDENT)).all()
    assert np.isnan(place_root(STANDING, np.full((17, 2), 0.3), CONFIDENT)).all()  # one ray
    assert np.isnan(place_root(np.full((17, 3), np.nan), image, CONFIDENT)).all()


def test_nobody_is_behind_the_camera():
    upside_down = -look(STANDING, (0, 0, 3))  # what a person behind the camera would project to
    assert np.isnan(place_root(STANDING, upside_down, CONFIDENT)).all()


def test_the_root_too_must_be_in_front_of_the_camera():
    pose = STANDING + np.array([0, 0, 0.5])
    pose[0] = 0  # the hip, 0.1 m behind the camera, all else in front of it
    seen = np.where(np.arange(17) > 0, 1.0, 0.0)
    assert np.isnan(place_root(pose, look(pose, (0, 0, -0.1)), seen)).all()


def test_a_speck_at_the_horizon_has_no_distance():
    assert np.isfinite(place_root(STANDING, look(STANDING, (0, 0, 100)), CONFIDENT)).all()
    assert np.isnan(place_root(STANDING, look(STANDING, (0, 0, 1000)), CONFIDENT)).all()


def test_one_bad_frame_does_not_spoil_the_others():
    image = np.stack([look(STANDING, (0, 0, 3))] * 3)
    image[1] = np.nan
    placed = place_root(np.stack([STANDING] * 3), image, np.ones((3, 17)))
    np.testing.assert_array_equal(np.isnan(placed).any(-1), [False, True, False])


def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(DiffhpeError, match=r"got \(17, 3\), \(16, 2\) and \(17,\)"):
        place_root(STANDING, np.zeros((16, 2)), CONFIDENT)
