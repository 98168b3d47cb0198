"""Which preset the lifter node takes, and what it says of it."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting import DEFAULT_MODEL
from diffhpe_ros.nodes.model_loading import load, resample
from diffhpe_ros.nodes.parameters.tables import LifterParameters


def parameters(model: Path | str = "diffhpe-wrapper-robust", **others) -> LifterParameters:
    return LifterParameters(model=str(model), device="cpu", **others)


def test_on_the_cpu_the_models_default_is_taken() -> None:
    loaded = load(parameters())
    assert loaded.lifter.preset_name == "fast"
    assert loaded.preset == "fast: the model's default"


def test_auto_takes_what_keeps_up_and_says_what_was_measured() -> None:
    loaded = load(parameters(preset="auto", expected_people=1, expected_rate=1.0))
    assert loaded.lifter.preset_name == "balanced"
    assert loaded.preset.startswith("balanced: ")
    assert loaded.preset.endswith(" ms of 1000 ms")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_without_a_gpu_its_engine_and_kernels_are_not_asked_for() -> None:
    asked = replace(parameters(engine="cuda_graph", kernels="triton"), device="auto")
    loaded = load(asked)
    assert loaded.device == "cpu"
    assert loaded.why.startswith("auto: no CUDA device")
    assert loaded.lifter.engine in ("native", "folded")


def test_a_replay_measures_nothing() -> None:
    """Or two runs over a bag would not be the same."""
    loaded = load(parameters(preset="auto", expected_rate=1.0, replay=True))
    assert loaded.preset == "fast: the model's default, as always in a replay"


def test_a_preset_that_is_asked_for_is_taken() -> None:
    loaded = load(parameters(preset="balanced", replay=True))
    assert loaded.preset == "balanced: asked for"


def test_a_model_that_is_not_sampled_has_no_preset() -> None:
    assert load(parameters("mixste-robust", preset="auto")).preset == ""


@pytest.mark.parametrize("preset", ["auto", ""])
def test_the_preset_stays_when_steps_change(preset: str) -> None:
    asked = parameters(preset=preset, expected_people=1, expected_rate=1.0)
    lifter = load(asked).lifter
    changed = resample(lifter, parameters(preset=preset, steps=2))
    assert changed.preset_name == lifter.preset_name
    assert changed.preset.augmentation == lifter.preset.augmentation
    assert changed.preset.steps == 2


def test_default_model_is_that_of_the_command_line() -> None:
    # Written twice, since the parameters are also the detector's, which does without torch.
    assert LifterParameters().model == DEFAULT_MODEL


def test_unknown_model_is_one_clear_line() -> None:
    with pytest.raises(DiffhpeError, match="unknown model 'nosuch'"):
        load(parameters("nosuch"))
