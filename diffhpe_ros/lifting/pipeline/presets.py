"""Presets: how a model is sampled."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from diffhpe_ros.errors import DiffhpeError, unknown


@dataclass(frozen=True)
class Preset:
    """How a diffusion model is sampled."""

    sampler: str
    """ddpm, ddim or dpm-solver; see `lifting.diffusion.samplers`."""
    steps: int
    hypotheses: int
    """Poses per window."""
    start: str = "noise"
    """noise, backbone or previous; see `lifting.pipeline.initialization`."""
    augmentation: str = "none"
    """none or flip; see `lifting.pipeline.augmentation`."""


FAITHFUL = Preset("ddpm", steps=50, hypotheses=5)
"""As published."""

DEFAULT_PRESETS: Mapping[str, Preset] = {
    "fast": Preset("ddim", steps=2, hypotheses=1),
    "balanced": Preset("ddim", steps=5, hypotheses=5),
    "faithful": FAITHFUL,
}


def from_best_to_fastest(presets: Mapping[str, Preset]) -> list[str]:
    """The names that live use chooses from: as they are listed, backwards, without `faithful`.

    That one is the papers' procedure, there to be compared with. It takes the longest and is not
    the most accurate: a model that was trained for few steps gains nothing from many.
    """
    return [name for name in list(presets)[::-1] if name != "faithful"]


def choose(presets: Mapping[str, Preset], name: str, **instead: str | int | None) -> Preset:
    """The preset of that name, with other values where they are given, not None.

    Raises:
        DiffhpeError: there is no such preset, or there is to be no hypothesis.
    """
    if name not in presets:
        raise unknown("preset", name, presets)
    given = {key: value for key, value in instead.items() if value is not None}
    preset = replace(presets[name], **given)  # type: ignore[arg-type]  # callers name the fields
    if preset.hypotheses < 1:
        raise DiffhpeError(f"hypotheses must be at least 1, got {preset.hypotheses}")
    return preset
