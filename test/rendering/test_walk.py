"""The walker: a body with bones of fixed length whose feet stand still on the floor."""

import numpy as np
import pytest

from diffhpe_ros.rendering.walk import CircleWalk, bend
from diffhpe_ros.skeleton import BONES, SYMMETRIC_BONES

LEFT_ANKLE, RIGHT_ANKLE = 6, 3


@pytest.fixture(scope="module")
def walk() -> CircleWalk:
    return CircleWalk()


@pytest.fixture(scope="module")
def joints(walk: CircleWalk) -> np.ndarray:
    return np.stack([walk.pose(frame / 50).joints for frame in range(300)])


def bone_lengths(joints: np.ndarray) -> np.ndarray:
    return np.stack([np.linalg.norm(joints[:, c] - joints[:, p], axis=1) for p, c in BONES], 1)


def test_bones_keep_their_length_and_are_symmetric(joints: np.ndarray) -> None:
    lengths = bone_lengths(joints)
    assert lengths.std(0).max() < 1e-3
    for left, right in SYMMETRIC_BONES:
        np.testing.assert_allclose(lengths[:, left - 1], lengths[:, right - 1], atol=1e-3)
    assert lengths.min() > 0.09


def test_lap_closes(walk: CircleWalk) -> None:
    first, again = walk.pose(0.4), walk.pose(0.4 + walk.lap_s)
    np.testing.assert_allclose(first.joints, again.joints, atol=1e-9)
    np.testing.assert_allclose(first.toes, again.toes, atol=1e-9)


def test_foot_is_always_on_the_floor_and_none_below(walk: CircleWalk) -> None:
    poses = [walk.pose(frame / 50) for frame in range(300)]
    toes = np.stack([pose.toes[:, 2] for pose in poses])
    ankles = np.stack([pose.joints[[LEFT_ANKLE, RIGHT_ANKLE], 2] for pose in poses])
    assert toes.min() > 0.025  # the tip's middle; the shoe is 3 cm thick there
    assert ankles.min() > 0.08
    assert ankles.min(1).max() < 0.16


def test_feet_do_not_slide(joints: np.ndarray) -> None:
    """An ankle that is as low as in standing does not move."""
    for ankle in (LEFT_ANKLE, RIGHT_ANKLE):
        speed = np.linalg.norm(np.diff(joints[:, ankle], axis=0), axis=1) * 50
        standing = joints[1:, ankle, 2] < 0.0855
        assert 0.15 < standing.mean() < 0.5
        assert speed[standing].max() < 0.1


def test_left_is_left_of_the_walking_direction_and_arms_swing_against_legs(
    joints: np.ndarray,
) -> None:
    ahead = np.gradient(joints[:, 0], axis=0)
    ahead[:, 2] = 0
    left = np.cross([0.0, 0.0, 1.0], ahead)
    for left_joint, right_joint in ((4, 1), (11, 14)):
        across = joints[:, left_joint] - joints[:, right_joint]
        assert ((across * left).sum(1) > 0).all()
    leg = ((joints[:, LEFT_ANKLE] - joints[:, RIGHT_ANKLE]) * ahead).sum(1)
    arm = ((joints[:, 13] - joints[:, 16]) * ahead).sum(1)
    assert np.corrcoef(leg, arm)[0, 1] < -0.8


def test_knees_bend_forward_and_are_never_overstretched(walk: CircleWalk) -> None:
    for frame in range(300):
        pose = walk.pose(frame / 50)
        for hip in (1, 4):
            thigh, shank = np.diff(pose.joints[hip : hip + 3], axis=0)
            straight = np.linalg.norm(thigh + shank)
            assert straight < walk.body.thigh + walk.body.shank - 1e-4
            assert (thigh - shank) @ pose.pelvis_axes[0] > 0


def test_bend_puts_the_knee_at_both_lengths() -> None:
    start, end, ahead = np.zeros(3), np.array([0.1, 0.0, -0.7]), np.array([1.0, 0.0, 0.0])
    knee = bend(start, end, 0.42, 0.43, ahead)
    assert np.linalg.norm(knee) == pytest.approx(0.42)
    assert np.linalg.norm(end - knee) == pytest.approx(0.43)
    assert knee[0] > 0.1
