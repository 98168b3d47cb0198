"""A window's operations, recorded once."""

import numpy as np
import pytest
import torch

from diffhpe_ros.lifting import Lifter
from diffhpe_ros.lifting.engines.recorded import record


@pytest.fixture(scope="module", params=["mixste-robust", "diffhpe-wrapper-robust"])
def lifter(request: pytest.FixtureRequest) -> Lifter:
    return Lifter.from_pretrained(request.param, engine="folded")


@pytest.fixture(scope="module")
def recorded(lifter: Lifter) -> Lifter:
    return lifter.recorded()


def seen(people: int) -> np.ndarray:
    windows = 0.2 * np.random.default_rng(people).standard_normal((people, 27, 17, 2))
    windows[:, 3:9, 5] = 0  # unseen
    return windows.astype(np.float32)


@pytest.mark.parametrize("people", [1, 2])
def test_poses_are_the_same_to_the_bit(lifter: Lifter, recorded: Lifter, people: int) -> None:
    for windows in (seen(people), -seen(people)):
        np.testing.assert_array_equal(recorded.lift(windows).poses, lifter.lift(windows).poses)


def test_another_number_of_hypotheses_is_lifted_as_well() -> None:
    lifter = Lifter.from_pretrained(
        "diffhpe-wrapper-robust", hypotheses=1, steps=1, engine="folded"
    )
    more = lifter.recorded().sampled(hypotheses=2, steps=2)
    plain = lifter.sampled(hypotheses=2, steps=2)
    np.testing.assert_array_equal(more.lift(seen(1)).poses, plain.lift(seen(1)).poses)


@pytest.mark.parametrize("model", ["mixste-robust", "diffhpe-wrapper-robust"])
def test_a_window_and_its_mirror_image_are_played(model: str) -> None:
    lifter = Lifter.from_pretrained(model, hypotheses=2, augmentation="flip", engine="folded")
    recorded = lifter.recorded()
    np.testing.assert_array_equal(recorded.lift(seen(1)).poses, lifter.lift(seen(1)).poses)
    assert recorded._engine._played is not None


def test_one_window_is_played(recorded: Lifter) -> None:
    played = recorded._engine._played
    assert isinstance(played, torch.jit.ScriptModule)


def test_what_cannot_be_recorded_stays_as_it_is() -> None:
    engine = object()
    assert record(engine, 27, 1, 1) is engine
