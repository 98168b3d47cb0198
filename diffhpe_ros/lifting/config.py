"""What a model folder's config.yaml says, and the network that it describes."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting.denoiser import Denoiser
from diffhpe_ros.lifting.diffhpe import DiffHPE, DiffHPE2D, DiffHPEWrapper
from diffhpe_ros.lifting.diffpose.build import build_diffpose
from diffhpe_ros.lifting.diffpose.config import DiffPoseConfig
from diffhpe_ros.lifting.diffpose.model import DiffPose
from diffhpe_ros.lifting.mixste import MixSTE, MixSTETrunk
from diffhpe_ros.lifting.parameterisation import PARAMETERISATIONS, parameterisation
from diffhpe_ros.lifting.presets import DEFAULT_PRESETS, Preset
from diffhpe_ros.lifting.schedule import SCHEDULES
from diffhpe_ros.lifting.signs import SIGNS
from diffhpe_ros.lifting.trust import (
    Sign,
    TrainedRange,
    Usual,
    read_numbers,
    read_signs,
)
from diffhpe_ros.lifting.views import VIEWS
from diffhpe_ros.skeleton import NUM_JOINTS

ARCHITECTURES = ("mixste", "diffhpe-2d", "diffhpe-wrapper", "diffpose")

Model = MixSTE | DiffHPE | DiffPose


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
    """Metres of one unit of the diffused poses."""


@dataclass(frozen=True)
class BackboneConfig:
    """The model folder that holds a wrapper's trunk, instead of a copy."""

    name: str
    """Of a folder beside the wrapper's own."""
    sha256: str
    """Of its model.safetensors: a backbone trained anew is another one."""


@dataclass(frozen=True)
class ModelConfig:
    """All of config.yaml."""

    architecture: str
    """mixste, diffhpe-2d, diffhpe-wrapper or diffpose."""
    input_view: str = "screen"
    """What the model was trained on: screen (the papers) or person; see `lifting.views`."""
    frames: int = 27
    """Window length."""
    rate: float = 50.0
    """Frames per second of the windows."""
    trunk: TrunkConfig = field(default_factory=TrunkConfig)
    denoiser: DenoiserConfig = field(default_factory=DenoiserConfig)
    """Of the DiffHPE models."""
    diffpose: DiffPoseConfig = field(default_factory=DiffPoseConfig)
    """Of DiffPose."""
    backbone: BackboneConfig | None = None
    """Where the trunk of a wrapper or of DiffPose lies; None where it is among its own weights."""
    presets: Mapping[str, Preset] = field(default_factory=lambda: dict(DEFAULT_PRESETS))
    default_preset: str = "balanced"
    residual_std_mm: tuple[tuple[float, float, float], ...] | None = None
    """Per joint, the standard deviation of the model's error along x, y, z of its input view where
    the signs of error are at their means; None where it was not measured (`diffhpe calibrate`)."""
    error_signs: Mapping[str, Sign] = field(default_factory=dict)
    """By which the error grows; see `lifting.signs`."""
    usual: Usual | None = None
    """Coherence beyond which a pose is not to be trusted; None where it was not measured."""
    trained_range: TrainedRange | None = None
    """Where people may stand; None where it is not known."""

    @classmethod
    def from_dict(
        cls, values: Mapping[str, Any], source: str = "the configuration"
    ) -> "ModelConfig":
        """Read what YAML gives.

        Raises:
            DiffhpeError: a key is unknown or a value does not fit; names `source`.
        """
        try:
            known = dict(_checked(cls, values))
            known["trunk"] = TrunkConfig(**_checked(TrunkConfig, known.get("trunk") or {}))
            known["denoiser"] = DenoiserConfig(
                **_checked(DenoiserConfig, known.get("denoiser") or {})
            )
            known["diffpose"] = DiffPoseConfig(
                **_checked(DiffPoseConfig, known.get("diffpose") or {})
            )
            if known.get("backbone") is not None:
                known["backbone"] = BackboneConfig(**_checked(BackboneConfig, known["backbone"]))
            presets = known.get("presets") or {}
            known["presets"] = dict(DEFAULT_PRESETS) | {
                name: Preset(**_checked(Preset, preset)) for name, preset in presets.items()
            }
            residual = known.get("residual_std_mm")
            if residual is not None:
                known["residual_std_mm"] = tuple(tuple(float(x) for x in row) for row in residual)
            known["error_signs"] = read_signs(known.get("error_signs"))
            known["usual"] = read_numbers(Usual, known.get("usual"))
            known["trained_range"] = read_numbers(TrainedRange, known.get("trained_range"))
            config = cls(**known)
        except (TypeError, ValueError, AttributeError) as error:
            raise DiffhpeError(f"{source}: {error}") from error
        _check(config, source)
        return config

    def to_dict(self) -> dict[str, Any]:
        """What `from_dict` reads, of plain lists and numbers."""
        values = asdict(self)
        if self.architecture == "mixste":
            for key in ("presets", "default_preset"):
                del values[key]
        if not self.architecture.startswith("diffhpe"):
            del values["denoiser"]
        if self.architecture != "diffpose":
            del values["diffpose"]
        if self.architecture == "diffhpe-2d":
            del values["trunk"]
        for key in ("backbone", "usual", "trained_range"):
            if getattr(self, key) is None:
                del values[key]
        if self.residual_std_mm is not None:
            values["residual_std_mm"] = [list(row) for row in self.residual_std_mm]
        return values


def _check(config: ModelConfig, source: str) -> None:
    """See that the values make sense.

    Raises:
        DiffhpeError: one does not.
    """

    def expect(holds: bool, name: str, value: object, expected: str) -> None:
        if not holds:
            raise DiffhpeError(f"{source}: {name} is {value!r}; {expected} is expected")

    known = ", ".join(ARCHITECTURES)
    expect(config.architecture in ARCHITECTURES, "architecture", config.architecture, known)
    expect(config.input_view in VIEWS, "input_view", config.input_view, " or ".join(VIEWS))
    trunk, denoiser, residual = config.trunk, config.denoiser, config.residual_std_mm
    diffpose = config.diffpose
    for name, value in (
        ("frames", config.frames),
        ("trunk.channels", trunk.channels),
        ("trunk.depth", trunk.depth),
        ("trunk.heads", trunk.heads),
        ("denoiser.channels", denoiser.channels),
        ("denoiser.blocks", denoiser.blocks),
        ("denoiser.steps", denoiser.steps),
        ("diffpose.channels", diffpose.channels),
        ("diffpose.blocks", diffpose.blocks),
        ("diffpose.heads", diffpose.heads),
        ("diffpose.steps", diffpose.steps),
    ):
        expect(type(value) is int and 1 <= value <= 4096, name, value, "a whole number from 1 on")
    for name, number in (
        ("rate", config.rate),
        ("denoiser.pose_scale", denoiser.pose_scale),
        ("diffpose.pose_scale", diffpose.pose_scale),
    ):
        is_number = isinstance(number, int | float) and 0 < number < math.inf
        expect(is_number, name, number, "a positive number")
    heads_fit = trunk.channels % trunk.heads == 0
    expect(heads_fit, "trunk.heads", trunk.heads, f"a divisor of {trunk.channels} channels")
    divides = diffpose.channels % diffpose.heads == 0 and diffpose.channels % 8 == 0
    expect(divides, "diffpose.channels", diffpose.channels, "a multiple of diffpose.heads and of 8")
    known = ", ".join(SCHEDULES)
    expect(diffpose.schedule in SCHEDULES, "diffpose.schedule", diffpose.schedule, known)
    known = ", ".join(PARAMETERISATIONS)
    expect(
        diffpose.prediction in PARAMETERISATIONS, "diffpose.prediction", diffpose.prediction, known
    )
    if residual is not None:
        shape = (len(residual), *sorted({len(row) for row in residual}))
        expect(shape == (NUM_JOINTS, 3), "residual_std_mm", residual, "3 numbers for each of 17")
    for name in config.error_signs:
        expect(name in SIGNS, "error_signs", name, ", ".join(SIGNS))


def _checked(cls: type, values: Mapping[str, Any]) -> Mapping[str, Any]:
    known = {f.name for f in fields(cls)}
    unknown = sorted(set(values) - known)
    if unknown:
        raise ValueError(f"unknown key {unknown[0]!r}; expected {', '.join(sorted(known))}")
    return values


def build_model(config: ModelConfig, drop_path: float = 0.0, dropout: float = 0.0) -> Model:
    """The network that a configuration describes, with fresh weights, in training mode.

    Args:
        config: its sizes.
        drop_path: stochastic depth of MixSTE's blocks.
        dropout: of the denoiser's graph layers.
    """
    if config.architecture == "diffhpe-2d":
        return DiffHPE2D(_denoiser(config, 5, dropout), *_meaning(config))
    trunk = MixSTETrunk(
        frames=config.frames,
        channels=config.trunk.channels,
        depth=config.trunk.depth,
        heads=config.trunk.heads,
        mlp_ratio=config.trunk.mlp_ratio,
        drop_path=drop_path,
    )
    if config.architecture == "mixste":
        return MixSTE(trunk)
    if config.architecture == "diffpose":
        return build_diffpose(trunk, config.diffpose)
    inputs = 2 * config.trunk.channels
    return DiffHPEWrapper(trunk, _denoiser(config, inputs, dropout), *_meaning(config))


def _denoiser(config: ModelConfig, inputs: int, dropout: float) -> Denoiser:
    sizes = config.denoiser
    return Denoiser(inputs, sizes.channels, sizes.blocks, config.frames, sizes.steps, dropout)


def _meaning(config: ModelConfig) -> tuple[Any, float]:
    return parameterisation(config.denoiser.prediction), config.denoiser.pose_scale
