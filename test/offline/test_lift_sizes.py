"""`--camera-height` and `--person-height`: recordings with people in their true size."""

import numpy as np
import pytest
from test_lift_upright import CLIP, recording

from diffhpe_ros.formats import PoseTrack
from diffhpe_ros.formats.pose_recording import joints_of
from diffhpe_ros.offline.body_sizes import body_sizes, scaled
from diffhpe_ros.offline.upright import gravity_of
from diffhpe_ros.pipeline.gravity import Gravity
from diffhpe_ros.placement import BodyScale
from diffhpe_ros.placement.stature import stature
from diffhpe_ros.rendering.__main__ import clip_view

VIEW = clip_view()
CAMERA_M = float(VIEW.position[2])


def walker() -> PoseTrack:
    """The walk of the clip, all of it seen."""
    (track,) = recording(CLIP.joints).tracks
    track.rows["confidence"] = 1
    return track


def size_of(
    track: PoseTrack, gravity: Gravity | None, camera_height: float | None, **known: float
) -> tuple[BodyScale, list[str]]:
    """The size of one person, and the warnings."""
    warnings: list[str] = []
    height = known.get("person_height")
    sizes = body_sizes([track], gravity, camera_height, height, warnings.append)
    return sizes[track.track_id], warnings


@pytest.mark.parametrize("size", [0.6, 1.0])
def test_size_by_the_floor(tmp_path, size: float) -> None:
    """The clip's walk by a child, as seen by a proportionally lower camera."""
    up = VIEW.to_optical(np.array([0.0, 0, 1])) - VIEW.to_optical(np.zeros(3))
    found, warnings = size_of(walker(), Gravity(up, np.radians(0.5), "test"), size * CAMERA_M)
    assert found.value == pytest.approx(size, rel=0.06)
    assert abs(found.value - size) < 2 * found.sd
    assert not warnings
    (track,) = scaled([walker()], [found.value], tmp_path)
    expected = found.value * joints_of(walker().rows)
    np.testing.assert_allclose(joints_of(np.asarray(track.rows)), expected, atol=1e-5)


def test_size_by_the_stature() -> None:
    height = 0.7 * stature(CLIP.joints[0])
    found, _ = size_of(walker(), None, None, person_height=height)
    assert found.value == pytest.approx(0.7, rel=0.04)


def test_gravity_by_a_few_steps_tells_little() -> None:
    """It may be off by 5 degrees, or a third of a metre at 4 m: the stated uncertainty says so."""
    gravity = gravity_of(recording(CLIP.joints))
    child, _ = size_of(walker(), gravity, 0.6 * CAMERA_M)
    assert 0.6 < child.value < 1
    assert abs(child.value - 0.6) < 2 * child.sd


def test_floor_that_cannot_be_is_named() -> None:
    gravity = gravity_of(recording(CLIP.joints))
    found, (warning,) = size_of(walker(), gravity, 2.7 * CAMERA_M)
    assert "2.6" in warning or "2.7" in warning
    assert found.value == 1 and not found.is_learnt


def test_one_height_of_two_people_is_not_used() -> None:
    warnings: list[str] = []
    assert not body_sizes([walker(), walker()], None, None, 1.2, warnings.append)
    assert warnings == ["person_height applies to one person, but 2 are seen: it is not used"]


def test_camera_height_without_gravity_is_not_used() -> None:
    warnings: list[str] = []
    assert not body_sizes([walker()], None, 1.2, None, warnings.append)
    assert "camera_height is not used" in warnings[0]
