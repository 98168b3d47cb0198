"""Loads the lifter's model on a device, and explains the choice of the device."""

import os
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting import (
    Lifter,
    LifterOptions,
    SamplingConfig,
    is_device_failure,
    model_sha256,
    use_threads,
)
from diffhpe_ros.lifting.devices import has_cuda
from diffhpe_ros.lifting.preset_choice import choose_preset
from diffhpe_ros.nodes.parameters.tables import AUTO_PRESET, LifterParameters
from diffhpe_ros.skeleton import NUM_JOINTS
from diffhpe_ros.windows import FRAMES

_SHOWN_DIGITS = 12


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A model that is ready to lift."""

    lifter: Lifter
    device: str
    """The device from the parameters, or the one that `auto` has chosen."""
    reason: str
    """Reason for that device."""
    sha256: str
    """First digits of the weights' SHA-256 checksum."""
    preset: str = ""
    """The preset and the reason for it; empty for a model without sampling."""


def load(parameters: LifterParameters) -> LoadedModel:
    """Load the model and run it once, so that the first window is as fast as the others.

    Raises:
        DiffhpeError: the model or a setting does not exist, or its window length is different.
    """
    use_threads(parameters.threads or half_of_the_cores())
    if parameters.device != "auto":
        return _load(parameters, "requested")
    if not has_cuda():
        return _load(on_cpu(parameters), "auto: no CUDA device")
    try:
        return _load(replace(parameters, device="cuda"), "auto: a CUDA device is available")
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
    return lifter.sampled(replace(sampling_of(parameters), preset=lifter.preset_name))


def half_of_the_cores() -> int:
    """Default number of CPU threads of the model.

    Camera and detector need the other half. With a thread on every core, each operation would wait
    for the thread whose core they use.
    """
    return max(1, len(os.sched_getaffinity(0)) // 2)


def describe(name: str, lifter: Lifter) -> str:
    """The model and its sampling in one line."""
    if lifter.model.is_deterministic:
        return name
    preset = lifter.preset
    flipped = "" if preset.augmentation == "none" else f", {preset.augmentation}"
    return f"{name}, {preset.sampler} {preset.steps} steps, {preset.hypotheses} hypotheses{flipped}"


def _load(parameters: LifterParameters, reason: str) -> LoadedModel:
    lifter = Lifter.from_pretrained(
        parameters.model, **vars(sampling_of(parameters)), **vars(options_of(parameters))
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
    """The captured lifter with its preset, and the reason for the preset.

    In replay nothing is timed: two runs must choose the same preset.
    """
    if lifter.model.is_deterministic:
        return lifter.captured(), ""
    sampling = sampling_of(parameters)
    no_overrides = not parameters.preset and not any(sampling.overrides.values())
    automatic = parameters.preset == AUTO_PRESET or (no_overrides and lifter.device != "cpu")
    if automatic and not parameters.replay:
        return choose_preset(lifter, parameters.expected_people, parameters.expected_rate, sampling)
    if parameters.preset and not automatic:
        why = "requested"
    else:
        why = "the model's default" + (", as always in a replay" if automatic else "")
    return lifter.captured(), f"{lifter.preset_name}: {why}"


def sampling_of(parameters: LifterParameters) -> SamplingConfig:
    """The parameters' sampling settings; empty ones and 0 keep the preset's value."""
    values = _same_named(SamplingConfig, parameters)
    given = {name: value or None for name, value in values.items()}
    return SamplingConfig(
        **given | {"preset": None if parameters.preset == AUTO_PRESET else given["preset"]}
    )


def options_of(parameters: LifterParameters) -> LifterOptions:
    """The lifter's options among the parameters."""
    return LifterOptions(**_same_named(LifterOptions, parameters))


def _same_named(settings: type, parameters: LifterParameters) -> dict[str, Any]:
    return {each.name: getattr(parameters, each.name) for each in fields(settings)}
