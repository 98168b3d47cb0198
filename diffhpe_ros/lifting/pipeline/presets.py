"""Presets: how a model is sampled."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Preset:
    """A complete choice of sampling settings; model folders store presets by name."""

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
    """The names to choose from live: the listed ones in reverse order, without `faithful`.

    `faithful` is the papers' procedure, kept for comparison. It takes the longest and is not the
    most accurate: a model that was trained for few steps gains nothing from many.
    """
    return [name for name in list(presets)[::-1] if name != "faithful"]
