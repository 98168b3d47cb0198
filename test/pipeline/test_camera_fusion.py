"""People that several cameras see."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from standing import STANDING, people_at

from diffhpe_ros.geometry.rigid_transform import RigidTransform
from diffhpe_ros.pipeline.camera_fusion import FUSED, CameraFusion, PeopleFusion
from diffhpe_ros.pipeline.people import LiftedPeople

FRAME_NS = 33_333_333
UPRIGHT = np.array([[0.0, 0, 1], [-1, 0, 0], [0, -1, 0]])
"""The axes of an optical frame that looks along x, in a frame with z up."""
VIEWS = {
    "front": RigidTransform(UPRIGHT, np.array([0, 0, 1.0])),
    "side": RigidTransform(
        np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]]) @ UPRIGHT, np.array([4.0, -4, 1])
    ),
}
"""Two cameras that look at the position (4, 0), from 4 m and at a right angle."""


def seen_by(
    camera: str, stamp_ns: int, *places: tuple[float, float], off_m: float = 0.0,
    velocity: tuple[float, float, float] = (0, 0, 0), first_id: int = 0,
) -> LiftedPeople:  # fmt: skip
    """People who stand at places (x, y) in the common frame, as a camera lifts them.

    They seem `off_m` farther away than they are, which their covariance allows for.
    """
    view = VIEWS[camera]
    back = view.inverse()
    joints = np.array([_standing(back, x, y) for x, y in places], np.float32).reshape(-1, 17, 3)
    rays = joints[:, :1] / np.linalg.norm(joints[:, :1], axis=-1, keepdims=True)
    joints += np.float32(off_m) * rays
    count = len(places)
    covariance = np.tile(np.diag([4e-4, 4e-4, 25e-4]), (count, 17, 1, 1))
    covariance[:, 0] = 0.2**2 * rays[:, 0, :, None] * rays[:, 0, None] + 4e-4 * np.eye(3)
    motion = np.tile(back.vectors(np.array(velocity)), (count, 17, 1))
    people = people_at(
        joints, tuple(range(first_id, first_id + count)), camera,
        covariance=covariance.astype(np.float32), velocity=motion.astype(np.float32),
        velocity_covariance=np.tile(0.04 * np.eye(3, dtype=np.float32), (count, 17, 1, 1)),
    )  # fmt: skip
    return replace(people, stamp_ns=stamp_ns).moved(view, "map", (0, 0, 1))


def _standing(back: RigidTransform, x: float, y: float) -> NDArray[np.float64]:
    """A person who faces along -x, in a camera's frame."""
    upright = STANDING @ UPRIGHT.T
    return back.points(upright + np.array([x, y, 1.0]))


def test_person_seen_by_two_cameras_is_one_where_their_rays_meet() -> None:
    fusion = CameraFusion()
    fusion.update(seen_by("front", 0, (4, 0), off_m=0.3))
    people = fusion.update(seen_by("side", 0, (4, 0), off_m=0.3, first_id=5))
    assert (people.track_ids, people.frame_id, people.camera) == ((0,), "map", FUSED)
    np.testing.assert_allclose(people.joints[0, 0], (4, 0, 1), atol=0.03)
    assert np.linalg.eigvalsh(people.covariance[0, 0]).max() < 0.1**2
    assert fusion.members == {0: [("front", 0), ("side", 5)]}


def test_size_is_learnt_from_where_the_rays_meet() -> None:
    fusion = CameraFusion()
    for camera in VIEWS:  # a small person seems farther away and larger than they are
        people = fusion.update(seen_by(camera, 0, (4, 0), off_m=0.4))
    height = np.ptp(people.joints[0, :, 2]) / np.ptp(STANDING[:, 1])
    assert 0.9 < height < 0.95  # 4 m of 4.4 m, and a little of what is usual


def test_two_people_seen_by_two_cameras_stay_two() -> None:
    fusion = CameraFusion()
    for frame in range(30):
        for camera, first_id in (("front", 0), ("side", 5)):
            places = ((4, 0), (4, 0.9)) if camera == "front" else ((4, 0.9), (4, 0))
            seen = seen_by(camera, frame * FRAME_NS, *places, first_id=first_id)
            people = fusion.update(seen)
    assert fusion.members == {0: [("front", 0), ("side", 6)], 1: [("front", 1), ("side", 5)]}
    np.testing.assert_allclose(people.joints[:, 0, 1], (0, 0.9), atol=0.03)


def test_person_keeps_the_number_when_one_camera_loses_it() -> None:
    fusion = CameraFusion()
    for camera in VIEWS:
        fusion.update(seen_by(camera, 0, (4, 0)))
    people = fusion.update(seen_by("front", FRAME_NS))
    assert people.track_ids == (0,)
    people = fusion.update(seen_by("front", 2 * FRAME_NS, (4, 0), first_id=7))
    assert fusion.members == {0: [("front", 7), ("side", 0)]}


def test_those_who_part_become_two() -> None:
    fusion = CameraFusion()
    apart = [0.0] * 5 + [0.1 * step for step in range(30)]
    for frame, metres in enumerate(apart):
        fusion.update(seen_by("front", frame * FRAME_NS, (4, 0)))
        people = fusion.update(seen_by("side", frame * FRAME_NS, (4, metres)))
        if frame == 4:
            assert people.track_ids == (0,)
    assert people.track_ids == (0, 1)


def test_cameras_that_look_at_other_times_are_brought_to_one() -> None:
    fusion = CameraFusion()
    fusion.update(seen_by("front", 0, (4, 0), velocity=(0, 2, 0)))
    people = fusion.update(seen_by("side", 50_000_000, (4, 0.1), velocity=(0, 2, 0)))
    assert people.stamp_ns == 50_000_000
    np.testing.assert_allclose(people.joints[0, 0], (4, 0.1, 1), atol=0.005)
    np.testing.assert_allclose(people.velocity[0, 0], (0, 2, 0), atol=1e-5)
    late = fusion.update(seen_by("front", 30_000_000, (4, 0.06), velocity=(0, 2, 0)))
    assert late.stamp_ns == 50_000_000


def test_people_of_a_camera_that_is_silent_are_forgotten() -> None:
    fusion = CameraFusion()
    fusion.update(seen_by("side", 0, (4, 0)))
    people = fusion.update(seen_by("front", 10**9))
    assert people.track_ids == ()
    assert fusion.members == {}


def test_one_camera_alone_changes_nothing() -> None:
    seen = seen_by("front", 0, (4, 0), (4, 1))
    people = CameraFusion().update(seen)
    for name in ("joints", "covariance", "velocity", "velocity_covariance"):
        assert getattr(people, name) == pytest.approx(getattr(seen, name), abs=1e-6)


def test_person_whom_one_camera_sees_well_has_no_warning() -> None:
    fusion = PeopleFusion()
    _, doubts = fusion.update(seen_by("front", 0, (4, 0)), ["do not trust"])
    assert doubts == ["do not trust"]
    people, doubts = fusion.update(seen_by("side", 0, (4, 0)), [""])
    assert (people.track_ids, doubts) == ((0,), [""])
    _, doubts = fusion.update(seen_by("side", FRAME_NS, (4, 0)), ["too near"])
    assert doubts == ["do not trust"]
