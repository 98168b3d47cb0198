"""`--camera-height` and `--person-height`: recordings of people as large as they are."""

import numpy as np
import pytest
from test_lift_upright import CLIP, recording

from diffhpe_ros.formats.pose_recording import joints_of
from diffhpe_ros.offline.body_sizes import scaled, size_of
from diffhpe_ros.offline.upright import gravity_of
from diffhpe_ros.pipeline.body_sizes import FloorCheck
from diffhpe_ros.pipeline.camera_floor import floor_below
from diffhpe_ros.pipeline.gravity import Gravity
from diffhpe_ros.placement.stature import stature
from diffhpe_ros.rendering.__main__ import clip_view

VIEW = clip_view()
CAMERA_M = float(VIEW.position[2])


@pytest.mark.parametrize("size", [0.6, 1.0])
def test_size_by_the_floor(tmp_path, size: float) -> None:
    """The walk of the clip, by a child as seen by a camera that much lower."""
    adult = recording(CLIP.joints)
    adult.tracks[0].rows["confidence"] = 1
    up, check = VIEW.to_optical(np.array([0.0, 0, 1])) - VIEW.to_optical(np.zeros(3)), FloorCheck()
    floor = floor_below(Gravity(up, np.radians(0.5), "test"), size * CAMERA_M)
    found = size_of(adult.tracks[0], floor, None, check)
    assert found.value == pytest.approx(size, rel=0.06)
    assert abs(found.value - size) < 2 * found.sd
    assert not check.warning
    (track,) = scaled(adult.tracks, [found.value], tmp_path)
    expected = found.value * joints_of(adult.tracks[0].rows)
    np.testing.assert_allclose(joints_of(np.asarray(track.rows)), expected, atol=1e-5)


def test_size_by_the_stature() -> None:
    (track,) = recording(CLIP.joints).tracks
    found = size_of(track, None, 0.7 * stature(CLIP.joints[0]), FloorCheck())
    assert found.value == pytest.approx(0.7, rel=0.04)


def test_gravity_by_a_few_steps_tells_little() -> None:
    """It may be off by 5 degrees, which is a third of a metre 4 m away: what is stated says so."""
    adult = recording(CLIP.joints)
    adult.tracks[0].rows["confidence"] = 1
    gravity = gravity_of(adult)
    assert gravity is not None
    child = size_of(adult.tracks[0], floor_below(gravity, 0.6 * CAMERA_M), None, FloorCheck())
    assert 0.6 < child.value < 1
    assert abs(child.value - 0.6) < 2 * child.sd


def test_floor_that_cannot_be_is_named() -> None:
    adult = recording(CLIP.joints)
    adult.tracks[0].rows["confidence"] = 1
    gravity, check = gravity_of(adult), FloorCheck(5)
    assert gravity is not None
    found = size_of(adult.tracks[0], floor_below(gravity, 2.7 * CAMERA_M), None, check)
    assert "2.6" in check.warning or "2.7" in check.warning
    assert found.value == 1 and not found.is_learnt
