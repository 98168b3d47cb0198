"""People stand upright on a floor at z = 0."""

import numpy as np
import pytest

from diffhpe_ros.geometry.upright import upright_axes
from diffhpe_ros.rendering.clip import walking_clip
from diffhpe_ros.skeleton import JOINTS
from diffhpe_ros.view.floor import SOLE_M, Floor


def test_walking_person_stands_on_the_floor() -> None:
    clip = walking_clip()
    joints = clip.joints @ upright_axes(clip.up)
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
