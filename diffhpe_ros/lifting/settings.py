"""A lifter's settings: how it samples, and what computes it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from diffhpe_ros.errors import DiffhpeError, unknown
from diffhpe_ros.lifting.pipeline.presets import Preset

_LARGEST_SEED = 2**63


@dataclass(frozen=True, kw_only=True)
class SamplingConfig:
    """How windows are sampled: a preset of the model, and the settings that differ from it.

    None keeps a setting at the preset's value, and the preset at the model's default.
    """

    preset: str | None = None
    """Name of one of the model's presets, such as fast, balanced or faithful."""
    sampler: str | None = None
    """ddpm, ddim or dpm-solver; see `lifting.diffusion.samplers`."""
    steps: int | None = None
    """Sampling steps, 1 to the diffusion steps that the model was trained with."""
    hypotheses: int | None = None
    """Poses sampled per window."""
    start: str | None = None
    """Where sampling starts: noise; backbone, the pose of a wrapper's own MixSTE; or previous, in a
    stream the previous window of the same track. The first window of a track, and those of
    `Lifter.lift`, which has no memory, start at noise."""
    augmentation: str | None = None
    """none, or flip: half of the hypotheses, and one more pose of MixSTE, come from the mirrored
    window; see `lifting.pipeline.augmentation`."""

    def resolve(self, presets: Mapping[str, Preset], default: str) -> Preset:
        """The preset with its overridden settings.

        Args:
            presets: the model's presets by name.
            default: the preset to use if none is named.

        Raises:
            DiffhpeError: there is no such preset, or fewer than one hypothesis is asked for.
        """
        name = self.preset or default
        if name not in presets:
            raise unknown("preset", name, presets)
        given = {key: value for key, value in self.overrides.items() if value is not None}
        preset = replace(presets[name], **given)
        if preset.hypotheses < 1:
            raise DiffhpeError(f"hypotheses must be at least 1, got {preset.hypotheses}")
        return preset

    @property
    def overrides(self) -> dict[str, Any]:
        """All settings but the preset; None where the preset's value is kept."""
        return {name: value for name, value in vars(self).items() if name != "preset"}


@dataclass(frozen=True, kw_only=True)
class LifterOptions:
    """What computes a model, and how its hypotheses become one pose."""

    device: str = "cpu"
    """cpu, cuda or cuda:N."""
    seed: int = 0
    """Seed of the noise that sampling starts from."""
    engine: str = "auto"
    """reference, folded, native, onnx, cuda_graph, or auto: cuda_graph on CUDA; on the CPU native
    if possible, else folded. See `lifting.engines`."""
    kernels: str = "torch"
    """Kernels of the engines folded and cuda_graph: torch, or triton for fused kernels."""
    aggregation: str = "mean"
    """How hypotheses become one pose: mean or reprojection; see `lifting.pipeline.aggregation`."""
    decode: str = "free"
    """free, or rigid: bones keep their length, over a window or, in a stream, for as long as the
    track is seen; see `lifting.pipeline.bone_lengths`."""
    fuse: bool = True
    """Whether a detector's world landmarks, where there are some, are fused with the poses; see
    `lifting.pipeline.world_landmarks`."""


def read_settings(settings: Mapping[str, Any]) -> tuple[SamplingConfig, LifterOptions]:
    """Split keyword arguments into the two classes.

    Raises:
        DiffhpeError: there is no setting with such a name.
    """
    known = {each.name: kind for kind in (SamplingConfig, LifterOptions) for each in fields(kind)}
    for name in settings:
        if name not in known:
            raise unknown("setting", name, known)

    def of(kind: type) -> dict[str, Any]:
        return {name: value for name, value in settings.items() if known[name] is kind}

    options = LifterOptions(**of(LifterOptions))
    if not -_LARGEST_SEED <= options.seed < _LARGEST_SEED:
        raise DiffhpeError(f"a seed of at most 63 bits is expected, got {options.seed}")
    return SamplingConfig(**of(SamplingConfig)), options
