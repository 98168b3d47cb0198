"""Loads the model of the node `lifter` on a device, and says why on that one."""

import os
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting import Lifter, is_device_failure, model_sha256, use_threads
from diffhpe_ros.lifting.checkpoints.configuration import Deterministic
from diffhpe_ros.lifting.devices import has_cuda
from diffhpe_ros.lifting.pipeline.preset_choice import choose_preset
from diffhpe_ros.nodes.parameters.tables import LifterParameters
from diffhpe_ros.skeleton import NUM_JOINTS
from diffhpe_ros.windows import FRAMES

AUTO = "auto"
"""Name of the preset that is chosen by timing the others."""
_SHOWN_DIGITS = 12


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A model that is ready to lift."""

    lifter: Lifter
    device: str
    """The device of the parameters, or the one that `auto` has chosen."""
    reason: str
    """Reason for that device."""
    sha256: str
    """First digits of the weights' checksum."""
    preset: str = ""
    """The preset and the reason for it; empty for a model that is not sampled."""


def load(parameters: LifterParameters) -> LoadedModel:
    """Load the model and run it once, so that the first window is as fast as the others.

    Raises:
        DiffhpeError: the model or a setting does not exist, or the model has other windows.
    """
    use_threads(parameters.threads or half_of_the_cores())
    if parameters.device != "auto":
        return _load(parameters, "asked for")
    if not has_cuda():
        return _load(on_cpu(parameters), "auto: no CUDA device")
    try:
        return _load(replace(parameters, device="cuda"), "auto: there is a CUDA device")
    except Exception as error:
        if not (isinstance(error, DiffhpeError) or is_device_failure(error)):
            raise
        reason = str(error).partition("\n")[0].removesuffix("; use cpu")
        return _load(on_cpu(parameters), f"auto: {reason}")


def on_cpu(parameters: LifterParameters) -> LifterParameters:
    """The same parameters for the CPU, without settings that need CUDA."""
    engine = "auto" if parameters.engine == "cuda_graph" else parameters.engine
    return replace(parameters, device="cpu", engine=engine, kernels="torch")


def resample(lifter: Lifter, parameters: LifterParameters) -> Lifter:
    """The same model with the sampling settings of the parameters; its preset is kept.

    Raises:
        DiffhpeError: the model does not have these settings.
    """
    return lifter.sampled(lifter.preset_name, *_sampling(parameters).values())


def half_of_the_cores() -> int:
    """Default number of CPU threads of the model.

    Camera and detector need the other half: with a thread on every core each operation waits for
    the thread that they have displaced.
    """
    return max(1, len(os.sched_getaffinity(0)) // 2)


def describe(name: str, lifter: Lifter) -> str:
    """The model and its sampling in one line."""
    if isinstance(lifter.model, Deterministic):
        return name
    preset = lifter.preset
    flipped = "" if preset.augmentation == "none" else f", {preset.augmentation}"
    return f"{name}, {preset.sampler} {preset.steps} steps, {preset.hypotheses} hypotheses{flipped}"


def _load(parameters: LifterParameters, reason: str) -> LoadedModel:
    lifter = Lifter.from_pretrained(
        parameters.model,
        device=parameters.device,
        seed=parameters.seed,
        preset=None if parameters.preset == AUTO else parameters.preset or None,
        engine=parameters.engine,
        aggregation=parameters.aggregation,
        decode=parameters.decode,
        kernels=parameters.kernels,
        **_sampling(parameters),
    )
    if lifter.config.frames != FRAMES:
        raise DiffhpeError(
            f"a model for windows of {FRAMES} frames is expected, {parameters.model} is for"
            f" {lifter.config.frames}"
        )
    lifter, preset = _choose_preset(lifter, parameters)
    lifter.lift(np.full((1, FRAMES, NUM_JOINTS, 2), 0.1, np.float32))
    digits = model_sha256(parameters.model)[:_SHOWN_DIGITS]
    return LoadedModel(lifter, parameters.device, reason, digits, preset)


def _choose_preset(lifter: Lifter, parameters: LifterParameters) -> tuple[Lifter, str]:
    """The lifter with its preset, captured, and the reason for the preset.

    In a replay nothing is timed: two runs must choose the same.
    """
    if isinstance(lifter.model, Deterministic):
        return lifter.captured(), ""
    overrides = _sampling(parameters)
    no_overrides = not parameters.preset and not any(overrides.values())
    automatic = parameters.preset == AUTO or (no_overrides and lifter.device.type == "cuda")
    if automatic and not parameters.replay:
        return choose_preset(
            lifter, parameters.expected_people, parameters.expected_rate, **overrides
        )
    if parameters.preset and not automatic:
        why = "asked for"
    else:
        why = "the model's default" + (", as always in a replay" if automatic else "")
    return lifter.captured(), f"{lifter.preset_name}: {why}"


def _sampling(parameters: LifterParameters) -> dict[str, Any]:
    """Settings of the parameters that override the preset; None for those of the preset."""
    return {
        "sampler": parameters.sampler or None,
        "steps": parameters.steps or None,
        "hypotheses": parameters.hypotheses or None,
        "start": parameters.start or None,
        "augmentation": parameters.augmentation or None,
    }
