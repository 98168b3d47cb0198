"""The config.yaml of a model folder."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.installed_models import DEFAULT_RATE, check_rates
from diffhpe_ros.lifting.diffusion.parameterisation import PARAMETERISATIONS
from diffhpe_ros.lifting.diffusion.schedule import SCHEDULES
from diffhpe_ros.lifting.models.diffpose.config import DiffPoseConfig
from diffhpe_ros.lifting.models.graformer.config import ENCODERS, GraFormerConfig, RefinerConfig
from diffhpe_ros.lifting.pipeline.coherence_limits import (
    CoherenceLimits,
    TrainedRange,
    VarianceFeature,
    read_numbers,
    read_variance_features,
)
from diffhpe_ros.lifting.pipeline.presets import DEFAULT_PRESETS, Preset
from diffhpe_ros.lifting.pipeline.variance_features import VARIANCE_FEATURES
from diffhpe_ros.lifting.pipeline.variance_network import VarianceNetwork
from diffhpe_ros.lifting.pipeline.views import VIEWS
from diffhpe_ros.skeleton import NUM_JOINTS


@dataclass(frozen=True)
class TrunkConfig:
    """Sizes of MixSTE; the defaults are DiffHPE's."""

    channels: int = 64
    depth: int = 8
    heads: int = 8
    mlp_ratio: float = 2.0


@dataclass(frozen=True)
class DenoiserConfig:
    """Sizes of the denoiser and the meaning of its output; the defaults are as published."""

    channels: int = 64
    blocks: int = 16
    steps: int = 50
    """Diffusion steps T."""
    prediction: str = "noise"
    """noise (as published), pose or velocity."""
    pose_scale: float = 1.0
    """Metres per unit of the diffused poses."""
    backbone_share: float | None = None
    """Weight of MixSTE's own pose in a pose-predicting wrapper's output; see `DiffHPEWrapper`."""


@dataclass(frozen=True)
class BackboneConfig:
    """The model folder that a wrapper takes its trunk from, instead of storing a copy."""

    name: str
    """Name of a folder next to the wrapper's own."""
    sha256: str
    """Checksum of its model.safetensors, so that a retrained backbone is recognised as another
    one."""


SECTIONS: Mapping[str, type] = {
    "trunk": TrunkConfig,
    "denoiser": DenoiserConfig,
    "diffpose": DiffPoseConfig,
    "graformer": GraFormerConfig,
    "refiner": RefinerConfig,
}
"""Sections of config.yaml with the sizes of networks."""
ARCHITECTURES: Mapping[str, tuple[str, ...]] = {
    "mixste": ("trunk",),
    "diffhpe-2d": ("denoiser",),
    "diffhpe-wrapper": ("trunk", "denoiser"),
    "diffpose": ("trunk", "diffpose"),
    "graformer": ("graformer",),
    "diffpose-released": ("trunk", "graformer", "refiner"),
}
"""Architecture → the sections that belong to it."""
_OF_OTHER_FILES = {"variance_network"}
"""Fields of the configuration that are not in config.yaml."""
FORMER_KEYS = {"error_signs": "variance_features", "usual": "coherence_limits"}
"""Former names of keys in config.yaml; both names are read."""


@dataclass(frozen=True)
class ModelConfig:
    """The content of config.yaml, and the network that belongs to its calibration."""

    architecture: str
    """One of the names in ARCHITECTURES."""
    input_view: str = "screen"
    """View that the model was trained on: screen (the papers) or person; see
    `lifting.pipeline.views`."""
    frames: int = 27
    """Window length."""
    rate: float = DEFAULT_RATE
    """Frames per second of the windows."""
    first_rate: float | None = None
    """Frames per second of the shortest windows that the model was trained on, such as a person's
    first ones; None if it was trained on one rate only."""
    trunk: TrunkConfig = field(default_factory=TrunkConfig)
    denoiser: DenoiserConfig = field(default_factory=DenoiserConfig)
    """Sizes of the denoiser of DiffHPE models."""
    diffpose: DiffPoseConfig = field(default_factory=DiffPoseConfig)
    """Sizes of DiffPose."""
    graformer: GraFormerConfig = field(default_factory=GraFormerConfig)
    refiner: RefinerConfig = field(default_factory=RefinerConfig)
    """Sizes of DiffPose's released code."""
    backbone: BackboneConfig | None = None
    """Folder with the trunk of a wrapper or of DiffPose; None if the model's weights include it."""
    presets: Mapping[str, Preset] = field(default_factory=lambda: dict(DEFAULT_PRESETS))
    default_preset: str = "balanced"
    residual_std_mm: tuple[tuple[float, float, float], ...] | None = None
    """Per joint, the standard deviation of the model's error along x, y, z of its input view, with
    the variance features at their means; None if it was not measured (`diffhpe calibrate`)."""
    variance_features: Mapping[str, VarianceFeature] = field(default_factory=dict)
    """Features with which the error grows; see `lifting.pipeline.variance_features`."""
    variance_network: VarianceNetwork | None = field(default=None, compare=False)
    """Network by which the error grows as well, from a file of its own; None without one."""
    coherence_limits: CoherenceLimits | None = None
    """Limits beyond which a pose is not to be trusted; None if they were not measured."""
    trained_range: TrainedRange | None = None
    """Range of people's positions in training; None if not known."""

    @classmethod
    def from_dict(
        cls, values: Mapping[str, Any], source: str = "the configuration"
    ) -> "ModelConfig":
        """Read a mapping loaded from YAML.

        Raises:
            DiffhpeError: a key is unknown or a value does not fit; the message names `source`.
        """
        try:
            values = {FORMER_KEYS.get(key, key): value for key, value in values.items()}
            known = dict(_checked(cls, values))
            for section, sizes in SECTIONS.items():
                known[section] = sizes(**_checked(sizes, known.get(section) or {}))
            if known.get("backbone") is not None:
                known["backbone"] = BackboneConfig(**_checked(BackboneConfig, known["backbone"]))
            presets = known.get("presets") or {}
            known["presets"] = dict(DEFAULT_PRESETS) | {
                name: Preset(**_checked(Preset, preset)) for name, preset in presets.items()
            }
            residual = known.get("residual_std_mm")
            if residual is not None:
                known["residual_std_mm"] = tuple(tuple(float(x) for x in row) for row in residual)
            known["variance_features"] = read_variance_features(known.get("variance_features"))
            limits = read_numbers(CoherenceLimits, known.get("coherence_limits"))
            known["coherence_limits"] = limits
            known["trained_range"] = read_numbers(TrainedRange, known.get("trained_range"))
            config = cls(**known)
        except (TypeError, ValueError, AttributeError) as error:
            raise DiffhpeError(f"{source}: {error}") from None
        _check(config, source)
        return config

    @property
    def spans_s(self) -> tuple[float, float]:
        """Seconds from first to last frame: of the shortest windows, and of the usual ones."""
        steps = self.frames - 1
        return steps / (self.first_rate or self.rate), steps / self.rate

    def rate_over(self, seconds: float) -> float:
        """Frames per second of the windows for a recording of this duration."""
        shortest, usual = self.spans_s
        return (self.frames - 1) / min(max(seconds, shortest), usual)

    def to_dict(self) -> dict[str, Any]:
        """The mapping that `from_dict` reads, made of plain lists and numbers."""
        values = asdict(replace(self, variance_network=None))
        for key in _OF_OTHER_FILES:
            del values[key]
        if self.architecture in ("mixste", "graformer"):
            for key in ("presets", "default_preset"):
                del values[key]
        for section in SECTIONS:
            if section not in ARCHITECTURES[self.architecture]:
                del values[section]
        for key in ("first_rate", "backbone", "coherence_limits", "trained_range"):
            if getattr(self, key) is None:
                del values[key]
        if self.residual_std_mm is not None:
            values["residual_std_mm"] = [list(row) for row in self.residual_std_mm]
        return values


def _check(config: ModelConfig, source: str) -> None:
    """Check the values.

    Raises:
        DiffhpeError: a value is not valid.
    """

    def expect(holds: bool, name: str, value: object, expected: str) -> None:
        if not holds:
            raise DiffhpeError(f"{source}: {name} is {value!r}; {expected} is expected")

    known = ", ".join(ARCHITECTURES)
    expect(config.architecture in ARCHITECTURES, "architecture", config.architecture, known)
    expect(config.input_view in VIEWS, "input_view", config.input_view, " or ".join(VIEWS))
    trunk, diffpose, residual = config.trunk, config.diffpose, config.residual_std_mm
    graformer, refiner = config.graformer, config.refiner
    whole, positive = "a whole number of at least 1", "a positive number"
    expect(_is_whole(config.frames), "frames", config.frames, whole)
    check_rates(config.rate, config.first_rate, source)
    for section in SECTIONS:
        for each in fields(getattr(config, section)):
            name, value = f"{section}.{each.name}", getattr(getattr(config, section), each.name)
            expect(each.type is not int or _is_whole(value), name, value, whole)
            expect(each.type is not float or _is_positive(value), name, value, positive)
    heads_fit = trunk.channels % trunk.heads == 0
    expect(heads_fit, "trunk.heads", trunk.heads, f"a divisor of {trunk.channels} channels")
    divides = diffpose.channels % diffpose.heads == 0 and diffpose.channels % 8 == 0
    expect(divides, "diffpose.channels", diffpose.channels, "a multiple of diffpose.heads and of 8")
    for name, sizes in (("graformer.channels", graformer), ("refiner.channels", refiner)):
        fit = sizes.channels % sizes.heads == 0 and sizes.channels % 2 == 0
        expect(fit, name, sizes.channels, "an even multiple of the heads")
    known = " or ".join(ENCODERS)
    expect(refiner.encoder in ENCODERS, "refiner.encoder", refiner.encoder, known)
    few = refiner.sampled <= refiner.steps
    expect(few, "refiner.sampled", refiner.sampled, f"at most refiner.steps, {refiner.steps},")
    known = ", ".join(SCHEDULES)
    expect(diffpose.schedule in SCHEDULES, "diffpose.schedule", diffpose.schedule, known)
    known = ", ".join(PARAMETERISATIONS)
    expect(
        diffpose.prediction in PARAMETERISATIONS, "diffpose.prediction", diffpose.prediction, known
    )
    share = config.denoiser.backbone_share
    if share is not None:
        fits = _is_positive(share) and share < 1 and config.denoiser.prediction == "pose"
        fits = fits and config.architecture == "diffhpe-wrapper"
        expect(fits, "denoiser.backbone_share", share, "a share of a wrapper that predicts poses")
    if residual is not None:
        shape = (len(residual), *sorted({len(row) for row in residual}))
        expect(shape == (NUM_JOINTS, 3), "residual_std_mm", residual, "3 numbers for each of 17")
    for name in config.variance_features:
        expect(name in VARIANCE_FEATURES, "variance_features", name, ", ".join(VARIANCE_FEATURES))


def _is_whole(value: object) -> bool:
    return type(value) is int and 1 <= value <= 4096


def _is_positive(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf


def _checked(cls: type, values: Mapping[str, Any]) -> Mapping[str, Any]:
    known = {f.name for f in fields(cls)} - _OF_OTHER_FILES
    unknown = sorted(set(values) - known)
    if unknown:
        raise ValueError(f"unknown key {unknown[0]!r}; expected {', '.join(sorted(known))}")
    return values
