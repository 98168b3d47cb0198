"""Distances between poses."""

import numpy as np

from diffhpe_ros.pose_distance import pose_distances, pose_sizes

SQUARE = np.array([[0.0, 0], [30, 0], [30, 40], [0, 40]])
"""Four joints, of size 50."""
UNSEEN = np.full((4, 2), np.nan)


def test_size_is_the_diagonal_of_what_is_seen():
    line = SQUARE.copy()
    line[2:] = np.nan
    np.testing.assert_allclose(pose_sizes(np.stack([SQUARE, line, UNSEEN])), [50, 30, 0])


def test_distance_is_in_units_of_the_larger_size():
    some = np.stack([SQUARE, SQUARE + np.array([25, 0])])
    others = np.stack([SQUARE, 2 * SQUARE])
    expected = [[0, np.mean([0, 30, 50, 40]) / 100], [0.5, np.mean([25, 5, 40.31, 47.17]) / 100]]
    np.testing.assert_allclose(pose_distances(some, others), expected, rtol=1e-3)


def test_only_joints_seen_in_both_count():
    half = SQUARE + np.array([5, 0])
    half[1:] = np.nan
    np.testing.assert_allclose(pose_distances(half[None], SQUARE[None]), [[0.1]])


def test_poses_without_a_common_joint_are_infinitely_far_apart():
    point = np.where([[True], [False], [False], [False]], SQUARE, np.nan)
    others = np.stack([UNSEEN, SQUARE])
    assert pose_distances(UNSEEN[None], others).tolist() == [[np.inf, np.inf]]
    assert pose_distances(point[None], point[None]).tolist() == [[np.inf]]  # of no size
    assert pose_distances(SQUARE[None], others[:0]).shape == (1, 0)
