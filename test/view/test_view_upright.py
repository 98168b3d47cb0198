"""People stand upright on a floor at z = 0."""

import numpy as np
import pytest

from diffhpe_ros.rendering.clip import walking_clip
from diffhpe_ros.skeleton import JOINTS
from diffhpe_ros.view.upright import SOLE_M, Floor, tilt_of_up, up_of_tilt, upright_axes


def test_axes_of_a_level_camera_are_forward_left_up() -> None:
    forward, left, up = upright_axes(up_of_tilt(0.0))
    assert forward == pytest.approx([0, 0, 1])
    assert left == pytest.approx([-1, 0, 0])
    assert up == pytest.approx([0, -1, 0])


@pytest.mark.parametrize("degrees", [-20.0, 0.0, 35.0])
def test_axes_are_a_rotation_that_undoes_the_tilt(degrees: float) -> None:
    up = up_of_tilt(degrees)
    axes = upright_axes(up)
    assert axes @ axes.T == pytest.approx(np.eye(3))
    assert np.linalg.det(axes) == pytest.approx(1.0)
    assert axes @ up == pytest.approx([0, 0, 1])
    assert tilt_of_up(up) == pytest.approx(degrees)


def test_walking_person_stands_on_the_floor() -> None:
    clip = walking_clip()
    joints = clip.joints @ upright_axes(clip.up).T
    floor = Floor()
    for person in joints:
        floor.add(person[None])
    soles = joints[:, [JOINTS.index("RFoot"), JOINTS.index("LFoot")], 2].min(1) - SOLE_M
    heights = soles + floor.camera_height
    assert np.median(heights) == pytest.approx(0.0, abs=0.01)
    assert np.abs(heights).max() < 0.1


def test_floor_is_not_moved_by_people_who_are_not_placed() -> None:
    floor = Floor()
    before = floor.camera_height
    floor.add(np.full((1, 17, 3), np.nan))
    floor.add(np.empty((0, 17, 3)))
    assert floor.camera_height == before
