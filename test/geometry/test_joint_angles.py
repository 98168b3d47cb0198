"""The kinematic chain: angles from poses, and poses from angles."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from standing import STANDING

from diffhpe_ros.coherence import bone_lengths
from diffhpe_ros.geometry.joint_angles import body_axes, joint_angles
from diffhpe_ros.geometry.kinematic_chain import ANGLES, LINKS, ROOT, forward

LEFT_ELBOW, LEFT_WRIST, LEFT_KNEE, LEFT_FOOT = 12, 13, 5, 6


def angles_of(pose: NDArray[np.float64]) -> dict[str, float]:
    axes = body_axes(pose)
    assert axes is not None
    return joint_angles(pose, axes)


def rebuilt(pose: NDArray[np.float64]) -> NDArray[np.float64]:
    """The pose rebuilt from its angles and bone lengths."""
    axes = body_axes(pose)
    assert axes is not None
    links = forward(joint_angles(pose, axes), bone_lengths(pose))
    places = [links[ROOT][1], *(links[LINKS[joint]][1] for joint in range(1, 17))]
    return np.array(places) @ axes.T + pose[0]


def test_angles_of_real_motion_give_it_back(mocap: Path) -> None:
    poses = np.load(mocap / "cmu_h36m17_50hz.npz")["positions"].astype(np.float64)[::10]
    for pose in poses:
        assert np.abs(rebuilt(pose) - pose).max() < 0.003


def test_angles_of_any_pose_give_it_back() -> None:
    random = np.random.default_rng(0)
    for pose in random.normal(size=(100, 17, 3)):
        assert np.abs(rebuilt(pose) - pose).max() < 0.006 * bone_lengths(pose).max()


def test_straight_limbs_have_angles() -> None:
    straight = STANDING.astype(np.float64)
    straight[LEFT_WRIST] = straight[LEFT_ELBOW] + 0.9 * (straight[LEFT_ELBOW] - straight[11])
    straight[LEFT_FOOT] = straight[LEFT_KNEE] + [0, 0.4, 0]
    np.testing.assert_allclose(rebuilt(straight), straight, atol=0.003)
    assert angles_of(straight)["l_elbow"] == pytest.approx(0, abs=1e-6)


def test_elbows_bend_forwards_and_knees_backwards() -> None:
    bent = STANDING.astype(np.float64)  # facing -z, up is -y
    bent[LEFT_WRIST] = bent[LEFT_ELBOW] + [0, 0, -0.25]
    bent[LEFT_FOOT] = bent[LEFT_KNEE] + [0, 0, 0.4]
    angles = angles_of(bent)
    assert angles["l_elbow"] == pytest.approx(np.pi / 2, abs=0.2)
    assert angles["l_knee"] == pytest.approx(-np.pi / 2, abs=0.01)
    assert abs(angles["r_knee"]) < 0.15
    assert angles.keys() == set(ANGLES)


def test_raised_arm_turns_the_shoulder() -> None:
    raised = STANDING.astype(np.float64)
    raised[LEFT_ELBOW] = raised[11] + [0.28, 0, 0]  # to the side
    raised[LEFT_WRIST] = raised[LEFT_ELBOW] + [0.2, 0, -0.1]
    angles = angles_of(raised)
    assert angles["l_p_shoulder"] == pytest.approx(np.pi / 2, abs=0.3)
    assert abs(angles["r_p_shoulder"]) < 0.5


def test_frame_of_the_body_has_the_head_up_and_the_face_forward() -> None:
    axes = body_axes(STANDING)
    assert axes is not None
    np.testing.assert_allclose(axes.T, [[0, 0, -1], [1, 0, 0], [0, -1, 0]], atol=1e-6)
    assert body_axes(np.ones((17, 3))) is None
