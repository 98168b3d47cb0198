"""Gravity from people: from walking people, but not from lying ones."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from diffhpe_ros.pipeline.people_gravity import PeopleGravity
from diffhpe_ros.rendering.__main__ import clip_view
from diffhpe_ros.rendering.clip import walking_clip

Array = NDArray[np.float64]
FPS = 30
VIEW = clip_view()
UP = VIEW.to_optical(np.array([0.0, 0.0, 1.0])) - VIEW.to_optical(np.zeros(3))
WALK = walking_clip().joints.astype(np.float64)
"""Six seconds of a walking person, seen by a camera that looks down a little."""
STEPS = WALK - WALK[:, :1] + WALK[0, 0]
"""The same walk on the spot."""
DOWN = Rotation.from_euler("x", -90, degrees=True).as_matrix()


def show(gravity: PeopleGravity, joints: Array, begin_s: float = 0.0, track: int = 0) -> None:
    for k, person in enumerate(joints):
        stamp_ns = round((begin_s + k / FPS) * 1e9)
        gravity.update([track], person[None].astype(np.float32), stamp_ns)


def degrees_off(gravity: PeopleGravity, up: Array = UP) -> float:
    assert gravity.gravity is not None
    return float(np.degrees(np.arccos(np.clip(gravity.gravity.up @ up, -1, 1))))


def turned(joints: Array, turn: Array) -> Array:
    """Joints rotated about the hip of the first image."""
    return (joints - joints[0, 0]) @ turn.T + joints[0, 0]


def assert_no_direction(joints: Array) -> None:
    gravity = PeopleGravity()
    show(gravity, joints)
    assert gravity.gravity is None


def forward() -> Array:
    """Unit vectors (frames, 3) along the walk."""
    ahead = np.gradient(WALK[:, 0], axis=0)
    return ahead / np.linalg.norm(ahead, axis=-1, keepdims=True)


def test_nobody_is_no_direction() -> None:
    gravity = PeopleGravity()
    gravity.update([], np.empty((0, 17, 3), np.float32), 0)
    assert gravity.gravity is None


def test_somebody_who_walks_tells_which_way_is_up() -> None:
    gravity = PeopleGravity()
    show(gravity, WALK[: 3 * FPS])
    assert degrees_off(gravity) < 3
    early = gravity.gravity
    show(gravity, WALK, begin_s=3)
    assert gravity.gravity is not None and early is not None
    assert gravity.gravity.source == "people" and gravity.gravity.sd < early.sd


@pytest.mark.parametrize("axis", ["x", "z"])
@pytest.mark.parametrize("degrees", [-60, 45, 90])
def test_any_camera_will_do(axis: str, degrees: float) -> None:
    turn = Rotation.from_euler(axis, degrees, degrees=True).as_matrix()
    gravity = PeopleGravity()
    show(gravity, turned(WALK, turn))
    assert degrees_off(gravity, turn @ UP) < 3


@pytest.mark.parametrize("axis", ["x", "z"])
def test_somebody_who_lies_and_treads_is_no_direction(axis: str) -> None:
    assert_no_direction(turned(STEPS, Rotation.from_euler(axis, -90, degrees=True).as_matrix()))


def test_somebody_who_is_carried_is_no_direction() -> None:
    """Straight, and moved across the body, but the feet do not pass each other."""
    still = np.repeat(WALK[:1], len(WALK), 0)
    moved = np.linspace(0, 6, len(WALK))[:, None, None] * [1.0, 0, 0]
    assert_no_direction(turned(still, DOWN) + moved)


def test_somebody_who_crawls_is_no_direction() -> None:
    """Shins level: the body is bent."""
    joints = WALK.copy()
    for knee, foot in ((2, 3), (5, 6)):
        shin = np.linalg.norm(joints[:, foot] - joints[:, knee], axis=-1, keepdims=True)
        joints[:, foot] = joints[:, knee] - shin * forward()
    assert_no_direction(joints)


def test_somebody_who_bends_forward_is_no_direction() -> None:
    joints = WALK.copy()
    joints[:, 7:] += np.tan(np.radians(25)) * 0.5 * forward()[:, None]
    assert_no_direction(joints)


def test_who_lies_does_not_change_what_is_known() -> None:
    gravity = PeopleGravity()
    show(gravity, WALK)
    known = gravity.gravity
    show(gravity, np.tile(turned(STEPS, DOWN), (5, 1, 1)), begin_s=6, track=1)
    assert gravity.gravity is known


def test_who_stands_counts_once_somebody_has_walked() -> None:
    standing = np.repeat(WALK[:1], 4 * FPS, 0)
    gravity = PeopleGravity()
    show(gravity, standing)
    assert gravity.gravity is None
    show(gravity, WALK, begin_s=4)
    known = gravity.gravity
    show(gravity, standing, begin_s=10)
    assert known is not None and gravity.gravity is not None
    assert gravity.gravity.sd < known.sd and degrees_off(gravity) < 3


def test_a_camera_that_was_moved_is_learnt_anew() -> None:
    turn = Rotation.from_euler("z", 30, degrees=True).as_matrix()
    gravity = PeopleGravity()
    show(gravity, np.tile(WALK, (2, 1, 1)))
    for k in range(12):
        show(gravity, turned(WALK, turn), begin_s=300 + 6.0 * k)
    assert degrees_off(gravity, turn @ UP) < 5


def test_people_without_a_position_are_left_out() -> None:
    assert_no_direction(np.full_like(WALK, np.nan))
