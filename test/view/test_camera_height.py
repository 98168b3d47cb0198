"""People stand upright on a floor at z = 0."""

import numpy as np
import pytest

from diffhpe_ros.geometry.upright import upright_axes
from diffhpe_ros.rendering.clip import walking_clip
from diffhpe_ros.skeleton import JOINTS
from diffhpe_ros.view.camera_height import SOLE_M, CameraHeight


def test_walking_person_stands_on_the_floor() -> None:
    clip = walking_clip()
    joints = clip.joints @ upright_axes(clip.up)
    height = CameraHeight()
    for person in joints:
        height.add(person[None])
    soles = joints[:, [JOINTS.index("RFoot"), JOINTS.index("LFoot")], 2].min(1) - SOLE_M
    heights = soles + height.metres
    assert np.median(heights) == pytest.approx(0.0, abs=0.01)
    assert np.abs(heights).max() < 0.1


def test_floor_is_not_moved_by_people_who_are_not_placed() -> None:
    height = CameraHeight()
    before = height.metres
    height.add(np.full((1, 17, 3), np.nan))
    height.add(np.empty((0, 17, 3)))
    assert height.metres == before
