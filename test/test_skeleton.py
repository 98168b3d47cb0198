"""The 17 joints, and the mapping of detectors' joints to them."""

import numpy as np
import pytest

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.skeleton import (
    BONES,
    JOINTS,
    LAYOUTS,
    LEFT_JOINTS,
    MIRRORED,
    PARENTS,
    RIGHT_JOINTS,
    SYMMETRIC_BONES,
    to_h36m17,
)


def test_every_joint_hangs_on_the_hip():
    assert len(BONES) == 16
    for joint in range(17):
        while PARENTS[joint] >= 0:
            joint = PARENTS[joint]
        assert JOINTS[joint] == "Hip"


def test_shoulders_hang_on_the_thorax():
    assert JOINTS[PARENTS[JOINTS.index("LShoulder")]] == "Thorax"
    assert JOINTS[PARENTS[JOINTS.index("RShoulder")]] == "Thorax"


def test_mirroring_swaps_left_and_right_names_and_is_its_own_inverse():
    swapped = {"L": "R", "R": "L"}
    for joint, other in enumerate(MIRRORED):
        name = JOINTS[joint]
        if joint in LEFT_JOINTS + RIGHT_JOINTS:
            assert JOINTS[other] == swapped[name[0]] + name[1:]
        else:
            assert other == joint
        assert MIRRORED[other] == joint


def test_symmetric_bones_pair_the_same_limb():
    assert {(JOINTS[left][1:], JOINTS[right][1:]) for left, right in SYMMETRIC_BONES} == {
        (name, name) for name in ("Hip", "Knee", "Foot", "Shoulder", "Elbow", "Wrist")
    }


@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_joint_is_a_mean_of_the_detectors_joints(layout):
    np.testing.assert_allclose(LAYOUTS[layout].sum(1), 1.0)
    assert (LAYOUTS[layout] >= 0).all()


@pytest.mark.parametrize(
    ("layout", "size", "wrists"),
    [("coco17", 17, (9, 10)), ("halpe26", 26, (9, 10)), ("blazepose33", 33, (15, 16))],
)
def test_wrists_keep_their_sides(layout, size, wrists):
    keypoints = np.stack([np.arange(size), np.zeros(size)], -1)
    mapped, _ = to_h36m17(keypoints, np.ones(size), layout)
    assert (mapped[JOINTS.index("LWrist"), 0], mapped[JOINTS.index("RWrist"), 0]) == wrists


def test_coco_spine_lies_halfway_between_hips_and_shoulders():
    keypoints = np.full((17, 2), 50.0)
    keypoints[[5, 6]] = [[80, 100], [120, 100]]
    keypoints[[11, 12]] = [[90, 200], [110, 200]]
    mapped, confidence = to_h36m17(keypoints, np.full(17, 0.9), "coco17")
    np.testing.assert_allclose(mapped[[0, 7, 8]], [[100, 200], [100, 150], [100, 100]])
    assert mapped.dtype == confidence.dtype == np.float32


def test_joint_is_unseen_if_any_of_its_sources_is_and_as_sure_as_the_least():
    confidence = np.full(17, 0.9)
    confidence[11] = 0.0  # the left hip
    confidence[6] = 0.3  # the right shoulder
    mapped, mapped_confidence = to_h36m17(np.ones((17, 2)), confidence, "coco17")
    assert np.isnan(mapped[[0, 4, 7]]).all()  # hip, left hip, spine
    assert np.isfinite(mapped[[1, 8, 11, 14]]).all()
    np.testing.assert_allclose(mapped_confidence[[0, 7, 8, 14, 11]], [0, 0, 0.3, 0.3, 0.9])


def test_leading_axes_are_kept():
    mapped, confidence = to_h36m17(np.ones((5, 3, 33, 2)), np.ones((5, 3, 33)), "blazepose33")
    assert mapped.shape == (5, 3, 17, 2)
    assert confidence.shape == (5, 3, 17)


def test_invalid_tracks_are_named():
    with pytest.raises(DiffhpeError, match=r"unknown keypoint layout 'body24'.*coco17"):
        to_h36m17(np.ones((25, 2)), np.ones(25), "body24")
    with pytest.raises(DiffhpeError, match=r"halpe26 expects keypoints \(..., 26, 2\)"):
        to_h36m17(np.ones((17, 2)), np.ones(17), "halpe26")
