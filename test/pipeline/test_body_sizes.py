"""Sizes and distances of people from the floor that they stand on, in the lifting stage."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from standing import STANDING, standing_windows

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.geometry.floor import Floor
from diffhpe_ros.geometry.upright import LEVEL
from diffhpe_ros.lifting import Lifter
from diffhpe_ros.pipeline.camera_floor import check_lengths
from diffhpe_ros.pipeline.lifting_stage import LiftingStage
from diffhpe_ros.pipeline.people import LiftedPeople
from diffhpe_ros.placement.standing_feet import ANKLE_M
from diffhpe_ros.placement.stature import stature

ANKLE_BELOW_M = 0.1 + 0.87 + ANKLE_M
"""The floor below the camera, under an adult of `standing_windows`."""


@pytest.fixture
def lifter(standing_model: Path) -> Lifter:
    return Lifter.from_pretrained(standing_model, device="cpu")


def watch(
    stage: LiftingStage, height: float | None, images: int = 15, up_sd: float = 0.005, **changes
) -> LiftedPeople:
    """The last of some images of a standing person, with this camera height above the floor."""
    floor = None if height is None else Floor(LEVEL, height, up_sd, 0.01, "test")
    for k in range(images):
        windows = standing_windows([3], stamp_ns=5_000_000_000 + 100_000_000 * k)
        (people,) = stage.process([replace(windows, floor=floor, **changes)])
    return people


@pytest.mark.parametrize("size", [0.6, 0.8, 1.0, 1.12])
def test_feet_on_the_floor_tell_children_and_tall_people(lifter: Lifter, size: float) -> None:
    """All look like an adult 4 m away."""
    stage = LiftingStage(lifter)
    people = watch(stage, size * ANKLE_BELOW_M)
    assert people.joints[0, 0, 2] == pytest.approx(4 * size, rel=0.045)
    assert -people.joints[0, 6, 1] + ANKLE_BELOW_M * size == pytest.approx(ANKLE_M * size, abs=0.05)
    scale = stage.sizes.scales("camera")[3]
    assert abs(scale.value - size) < 2 * scale.sd < 0.08
    assert scale.shares["floor"] > 0.6
    assert "floor" in str(scale)


def test_without_a_floor_nothing_changes(lifter: Lifter) -> None:
    stage = LiftingStage(lifter)
    people = watch(stage, None)
    assert people.joints[0, 0, 2] == pytest.approx(4, abs=0.05)
    assert not stage.sizes.scales("camera")[3].is_learnt


def test_what_the_floor_tells_makes_the_hip_surer(lifter: Lifter) -> None:
    unknown, known = (watch(LiftingStage(lifter), height) for height in (None, ANKLE_BELOW_M))
    assert known.covariance[0, 0, 2, 2] < 0.95 * unknown.covariance[0, 0, 2, 2]


def test_gravity_that_is_hardly_known_tells_little(lifter: Lifter) -> None:
    people = watch(LiftingStage(lifter), 1.1 * ANKLE_BELOW_M, up_sd=0.2)
    assert people.joints[0, 0, 2] == pytest.approx(4, rel=0.04)


def test_unseen_feet_tell_nothing(lifter: Lifter) -> None:
    stage = LiftingStage(lifter)
    confidence = standing_windows([3]).confidence
    confidence[:, :, [3, 6]] = 0
    watch(stage, 0.6 * ANKLE_BELOW_M, confidence=confidence)
    assert not stage.sizes.scales("camera")[3].is_learnt


def test_feet_of_people_who_lie_tell_nothing(lifter: Lifter) -> None:
    """The camera is turned by 90 degrees, and the person with it."""
    stage = LiftingStage(lifter)
    floor = Floor(np.array([1.0, 0, 0]), 0.8, 0.005, 0.01, "test")
    for k in range(10):
        windows = standing_windows([3], stamp_ns=5_000_000_000 + 100_000_000 * k)
        stage.process([replace(windows, floor=floor)])
    assert not stage.sizes.scales("camera")[3].is_learnt


@pytest.mark.parametrize("factor", [2.0, 0.3, 1.3])
def test_floor_that_cannot_be_is_named(lifter: Lifter, factor: float) -> None:
    stage = LiftingStage(lifter)
    people = watch(stage, factor * ANKLE_BELOW_M, images=32)
    (warning,) = stage.sizes.warnings
    assert "times as tall as adults" in warning
    if factor in (2.0, 0.3):  # nobody has this size, so it is not used at all
        assert people.joints[0, 0, 2] == pytest.approx(4, abs=0.05)


def test_person_on_a_step_stays_as_large(lifter: Lifter) -> None:
    """After 4 s on the floor, 1 s on a step of 20 cm: as if the floor were nearer to the camera."""
    stage = LiftingStage(lifter)
    on_floor = watch(stage, ANKLE_BELOW_M, images=40)
    higher = Floor(LEVEL, ANKLE_BELOW_M + 0.2, 0.005, 0.01, "test")
    for k in range(40, 50):
        windows = standing_windows([3], stamp_ns=5_000_000_000 + 100_000_000 * k)
        (people,) = stage.process([replace(windows, floor=higher)])
    moved = people.joints[0, 0, 2] / on_floor.joints[0, 0, 2] - 1
    assert moved < 0.03
    assert people.covariance[0, 0, 2, 2] > on_floor.covariance[0, 0, 2, 2]


def test_known_stature_gives_the_distance_of_one_person(lifter: Lifter) -> None:
    tall = stature(STANDING)
    stage = LiftingStage(lifter, person_height=0.7 * tall)
    people = watch(stage, None)
    assert people.joints[0, 0, 2] == pytest.approx(0.7 * 4, rel=0.03)
    both = standing_windows([5, 6], stamp_ns=9 * 10**9)
    stage.process([both])
    assert not any(scale.is_learnt for scale in stage.sizes.scales("camera").values())


@pytest.mark.parametrize(
    ("camera_height", "person_height"), [(-1.2, None), (120, None), (None, 175), (None, 0.3)]
)
def test_lengths_in_other_units_are_refused(
    camera_height: float | None, person_height: float | None
) -> None:
    with pytest.raises(DiffhpeError, match="metres are expected"):
        check_lengths(camera_height, person_height)
