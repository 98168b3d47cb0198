"""Cylinders reach from joint to joint, ellipsoids along the covariance's axes."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from diffhpe_ros.rendering.clip import walking_clip
from diffhpe_ros.skeleton import BONES, JOINTS
from diffhpe_ros.view.shapes import SIGMAS, Shapes, balls, bones, ellipsoids

SEEN, TRUSTED = np.ones((2, 17), np.float32), np.ones(2, bool)


@pytest.fixture
def joints() -> NDArray[np.float32]:
    return walking_clip().joints[[0, 40]]


def transformed(shapes: Shapes, row: int, point: Any) -> NDArray[np.float64]:
    """A point of the unit shape after the instance's transform."""
    turned = Rotation.from_quat(np.roll(shapes.wxyzs[row], -1)).apply(shapes.scales[row] * point)
    return np.asarray(shapes.positions[row] + turned)


def test_bones_reach_from_joint_to_joint(joints: NDArray[np.float32]) -> None:
    cylinders = bones(joints, SEEN, TRUSTED)
    for person in range(2):
        for bone, (parent, child) in enumerate(BONES):
            row = person * len(BONES) + bone
            assert transformed(cylinders, row, [0, 0, -0.5]) == pytest.approx(
                joints[person, parent], abs=1e-5
            )
            assert transformed(cylinders, row, [0, 0, 0.5]) == pytest.approx(
                joints[person, child], abs=1e-5
            )


def test_joints_that_were_not_seen_are_transparent(joints: NDArray[np.float32]) -> None:
    confidence = SEEN.copy()
    confidence[0, JOINTS.index("LWrist")] = 0.0
    opacities = balls(joints, confidence, TRUSTED).opacities
    assert opacities is not None
    assert np.flatnonzero(opacities < 1).tolist() == [JOINTS.index("LWrist")]


def test_people_that_are_not_trusted_are_dark(joints: NDArray[np.float32]) -> None:
    colours = bones(joints, SEEN, np.array([True, False])).colours.reshape(2, len(BONES), 3)
    assert len(np.unique(colours[0], axis=0)) == 3  # left, right and middle
    assert len(np.unique(colours[1], axis=0)) == 1


def test_ellipsoid_ends_at_two_standard_deviations(joints: NDArray[np.float32]) -> None:
    axes = Rotation.from_euler("xyz", [20, 50, 80], degrees=True).as_matrix()
    covariance = np.tile(axes @ np.diag([0.01, 0.04, 0.25]) ** 2 @ axes.T, (2, 17, 1, 1))
    shapes = ellipsoids(joints, covariance.astype(np.float32))
    end = transformed(shapes, 5, [0, 0, 1]) - joints[0, 5]
    assert np.abs(end @ axes) == pytest.approx([0, 0, SIGMAS * 0.25], abs=1e-4)


def test_no_people_have_no_shapes() -> None:
    nobody = np.empty((0, 17, 3), np.float32)
    assert len(bones(nobody, SEEN[:0], TRUSTED[:0]).positions) == 0
    assert len(ellipsoids(nobody, np.empty((0, 17, 3, 3), np.float32)).positions) == 0
