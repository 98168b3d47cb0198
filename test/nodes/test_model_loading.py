"""The preset and engine of the node `lifter`, and the reasons that it reports."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting import DEFAULT_MODEL
from diffhpe_ros.nodes.diagnostics.node_diagnostics import NodeDiagnostics
from diffhpe_ros.nodes.failover import RETRY_S, FailoverLifter
from diffhpe_ros.nodes.model_loading import load, resample
from diffhpe_ros.nodes.parameters.tables import LifterParameters


def parameters(model: Path | str = "diffhpe-wrapper-robust", **others) -> LifterParameters:
    return LifterParameters(model=str(model), device="cpu", **others)


def test_default_preset_of_the_model_is_used_on_the_cpu() -> None:
    loaded = load(parameters())
    assert loaded.lifter.preset_name == "fast"
    assert loaded.preset == "fast: the model's default"


def test_auto_preset_keeps_up_and_says_what_was_measured() -> None:
    loaded = load(parameters(preset="auto", expected_people=1, expected_rate=0.01))
    assert loaded.lifter.preset_name == "balanced"
    assert loaded.preset.startswith("balanced: ")
    assert loaded.preset.endswith(" ms of 100000 ms")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_cuda_engine_and_kernels_are_dropped_without_a_gpu() -> None:
    asked = replace(parameters(engine="cuda_graph", kernels="triton"), device="auto")
    loaded = load(asked)
    assert loaded.device == "cpu"
    assert loaded.reason.startswith("auto: no CUDA device")
    assert loaded.lifter.engine in ("native", "folded")


def test_replay_does_not_measure_presets() -> None:
    """Otherwise two runs over a bag could differ."""
    loaded = load(parameters(preset="auto", expected_rate=1.0, replay=True))
    assert loaded.preset == "fast: the model's default, as always in a replay"


def test_named_preset_is_used() -> None:
    loaded = load(parameters(preset="balanced", replay=True))
    assert loaded.preset == "balanced: requested"


def test_deterministic_model_has_no_preset() -> None:
    assert load(parameters("mixste-robust", preset="auto")).preset == ""


def test_steps_of_a_deterministic_model_are_a_warning_until_they_are_the_presets_again() -> None:
    diagnostics = NodeDiagnostics()
    model = FailoverLifter(load, parameters("mixste"), diagnostics, RETRY_S)
    model.resample(parameters("mixste", steps=5))
    assert diagnostics.report().warnings == ("without effect on mixste: steps",)
    model.resample(parameters("mixste"))
    assert diagnostics.report().warnings == ()


@pytest.mark.parametrize("preset", ["auto", ""])
def test_preset_is_kept_when_steps_change(preset: str) -> None:
    asked = parameters(preset=preset, expected_people=1, expected_rate=1.0)
    lifter = load(asked).lifter
    changed = resample(lifter, parameters(preset=preset, steps=2))
    assert changed.preset_name == lifter.preset_name
    assert changed.preset.augmentation == lifter.preset.augmentation
    assert changed.preset.steps == 2


def test_default_model_is_that_of_the_command_line() -> None:
    # Written twice, since the detector imports the parameters and must not import torch.
    assert LifterParameters().model == DEFAULT_MODEL


def test_unknown_model_is_one_clear_line() -> None:
    with pytest.raises(DiffhpeError, match="unknown model 'nosuch'"):
        load(parameters("nosuch"))
