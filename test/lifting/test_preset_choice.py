"""The best preset that keeps up, by measurement."""

from pathlib import Path

import pytest

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting import Lifter, SamplingConfig
from diffhpe_ros.lifting.pipeline.presets import DEFAULT_PRESETS, from_best_to_fastest
from diffhpe_ros.lifting.preset_choice import SHARE, choose_preset, lift_ms

AGES_S, AT_ONCE_S = 1000.0, 1e-6


@pytest.fixture(scope="module")
def lifter(wrapper_folder: Path) -> Lifter:
    return Lifter.from_pretrained(wrapper_folder, engine="folded")


def test_papers_procedure_is_not_chosen_from() -> None:
    assert from_best_to_fastest(DEFAULT_PRESETS) == ["balanced", "fast"]


def test_with_time_enough_the_best_is_taken(lifter: Lifter) -> None:
    chosen, why = choose_preset(lifter, people=1, rate=1 / AGES_S)
    assert chosen.preset_name == "balanced"
    assert chosen.preset == DEFAULT_PRESETS["balanced"]
    assert why.startswith("balanced: ")
    assert why.endswith(" ms of 1000000 ms")


def test_where_none_keeps_up_the_fastest_is_taken_and_that_is_said(lifter: Lifter) -> None:
    chosen, why = choose_preset(lifter, people=3, rate=1 / AT_ONCE_S)
    assert chosen.preset_name == "fast"
    assert why.startswith("fast: ")
    assert why.endswith(" ms for 3 people of 0 ms; none is fast enough")


def test_what_is_too_slow_is_passed_over(lifter: Lifter) -> None:
    def measure(candidate: Lifter, people: int) -> float:
        return people * {"balanced": 5.0, "fast": 4.0}[candidate.preset_name]

    chosen, why = choose_preset(lifter, people=4, rate=SHARE * 1000 / 16.1, measure=measure)
    assert (chosen.preset_name, why) == ("fast", "fast: 16.0 ms for 4 people of 32 ms")


def test_more_people_take_longer(lifter: Lifter) -> None:
    assert lift_ms(lifter, people=30) > lift_ms(lifter, people=1) > 0


def test_other_settings_hold_for_every_preset(lifter: Lifter) -> None:
    chosen, _ = choose_preset(
        lifter, people=1, rate=1 / AGES_S, sampling=SamplingConfig(hypotheses=2, steps=1)
    )
    assert (chosen.preset_name, chosen.preset.hypotheses, chosen.preset.steps) == ("balanced", 2, 1)


def test_settings_that_no_preset_goes_with_are_refused(lifter: Lifter) -> None:
    with pytest.raises(DiffhpeError, match="unknown sampler 'nosuch'"):
        choose_preset(lifter, people=1, rate=30.0, sampling=SamplingConfig(sampler="nosuch"))
