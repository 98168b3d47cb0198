"""The coherence metrics, compared with manual results and the released implementation."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from diffhpe_ros.coherence import RELEASED_PARENTS, bone_lengths, segment_std, symmetry_gap
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.skeleton import JOINTS, PARENTS

GOLDEN = Path(__file__).parent / "golden" / "tiny-golden.safetensors"


@pytest.fixture(scope="module")
def golden():
    arrays = load_file(GOLDEN)
    # (batch, coordinates, joints, frames) there
    arrays["metric.pred"] = arrays["metric.pred"].transpose(0, 3, 2, 1)
    return arrays


def still_person(frames=27):
    """(frames, 17, 3): every bone 1 m long, in the directions of a cross."""
    pose = np.zeros((17, 3))
    for joint, parent in enumerate(PARENTS):
        if parent >= 0:
            pose[joint] = pose[parent] + np.eye(3)[joint % 3]
    return np.repeat(pose[None], frames, 0)


def test_released_symmetry_gap_is_reproduced(golden):
    gap = symmetry_gap(golden["metric.pred"], parents=RELEASED_PARENTS).mean()
    np.testing.assert_allclose(gap, golden["metric.symmetry_gap_released_bones"], rtol=1e-5)


def test_released_segment_std_is_reproduced(golden):
    std = segment_std(golden["metric.pred"], ddof=1, parents=RELEASED_PARENTS).mean()
    np.testing.assert_allclose(std, golden["metric.segment_std_released_bones"], rtol=1e-5)


def test_our_bones_differ_from_the_released_ones_at_the_shoulders_alone(golden):
    ours, released = (
        bone_lengths(golden["metric.pred"], parents) for parents in (PARENTS, RELEASED_PARENTS)
    )
    differ = np.flatnonzero((ours != released).any((0, 1))) + 1
    assert [JOINTS[joint] for joint in differ] == ["LShoulder", "RShoulder"]


def test_stiff_symmetric_person_has_no_gap_and_no_deviation():
    assert symmetry_gap(still_person()) == 0
    assert segment_std(still_person()) == 0


def test_one_longer_forearm_shows_by_a_sixth_of_its_excess():
    poses = still_person()
    wrist, elbow = JOINTS.index("LWrist"), JOINTS.index("LElbow")
    poses[:, wrist] += 0.06 * (poses[:, wrist] - poses[:, elbow])
    np.testing.assert_allclose(symmetry_gap(poses), 0.06 / 6)
    assert segment_std(poses) < 1e-9


def test_bone_that_pulses_shows_by_a_sixteenth_of_its_deviation():
    poses = still_person(frames=4)
    head, neck = JOINTS.index("Head"), JOINTS.index("Neck/Nose")
    pulse = np.array([0.1, -0.1, 0.1, -0.1])[:, None]
    poses[:, head] += pulse * (poses[:, head] - poses[:, neck])
    np.testing.assert_allclose(segment_std(poses), 0.1 / 16)
    np.testing.assert_allclose(segment_std(poses, ddof=1), 0.1 * np.sqrt(4 / 3) / 16)
    assert symmetry_gap(poses) == 0


def test_leading_axes_are_kept_and_unknown_joints_make_it_unknown():
    poses = np.random.default_rng(0).normal(size=(2, 3, 27, 17, 3))
    poses[1, 2, 5, JOINTS.index("RWrist")] = np.nan
    for value in (symmetry_gap(poses), segment_std(poses)):
        assert value.shape == (2, 3)
        np.testing.assert_array_equal(np.isnan(value), [[False] * 3, [False, False, True]])


def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(DiffhpeError, match=r"got \(27, 16, 3\)"):
        symmetry_gap(np.zeros((27, 16, 3)))
    with pytest.raises(DiffhpeError, match=r"L, 17, 3\) are expected, got \(17, 3\)"):
        segment_std(np.zeros((17, 3)))
    with pytest.raises(DiffhpeError, match="more than 1 frames"):
        segment_std(np.zeros((1, 17, 3)), ddof=1)
