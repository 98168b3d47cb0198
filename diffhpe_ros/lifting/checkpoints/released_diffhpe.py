"""Translates names and shapes in the released checkpoints of DiffHPE and MixSTE to ours."""

import re
from collections.abc import Mapping

from torch import Tensor

from diffhpe_ros.lifting.checkpoints.configuration import DenoiserConfig, ModelConfig, TrunkConfig

_Rules = tuple[tuple[str, str], ...]

# Released name → our name; applied in this order. 1x1 convolutions are linear layers here.
_TRUNK_NAMES: _Rules = (
    (r"^Spatial_patch_to_embedding\.", "trunk.embed."),
    (r"^Spatial_pos_embed$", "trunk.spatial_position"),
    (r"^Temporal_pos_embed$", "trunk.temporal_position"),
    (r"^STEblocks\.", "trunk.spatial."),
    (r"^TTEblocks\.", "trunk.temporal."),
    (r"^Spatial_norm\.", "trunk.spatial_norm."),
    (r"^Temporal_norm\.", "trunk.temporal_norm."),
)
_MIXSTE_NAMES: _Rules = (
    *_TRUNK_NAMES,
    (r"^head\.0\.", "trunk.head_norm."),
    (r"^head\.1\.", "head."),
)
_CONDITIONING_NAMES: _Rules = (
    *_TRUNK_NAMES,
    (r"^head\.", "trunk.head_norm."),
    (r"^data_enc\.", "pose_encoder."),
)
_DENOISER_NAMES: _Rules = (
    (r"non_local\.non_local\.concat_project\.0\.", "non_local.affinity."),
    (r"non_local\.non_local\.W\.0\.", "non_local.out."),
    (r"non_local\.non_local\.W\.1\.", "non_local.bn."),
    (r"non_local\.non_local\.(g|phi)\.0\.", r"non_local.\1."),
    (r"non_local\.non_local\.theta\.", "non_local.theta."),
    (r"^", "denoiser."),
)


def architecture_of(state: Mapping[str, Tensor]) -> str | None:
    """mixste, diffhpe-2d, diffhpe-wrapper, or None for other names."""
    if any(name.startswith("diffmodel.") for name in state):
        wrapped = any(name.startswith("conditioning.") for name in state)
        return "diffhpe-wrapper" if wrapped else "diffhpe-2d"
    return "mixste" if "Spatial_patch_to_embedding.weight" in state else None


def translate(
    architecture: str, state: Mapping[str, Tensor]
) -> tuple[ModelConfig, dict[str, Tensor]]:
    """The model's configuration and our state dict.

    Raises:
        KeyError, ValueError: something is missing or has another shape.
    """
    ours = dict(_translate(name, value, architecture) for name, value in state.items())
    return _config(architecture, ours), ours


def _translate(name: str, value: Tensor, architecture: str) -> tuple[str, Tensor]:
    if name.startswith("diffmodel."):
        name, rules = name.removeprefix("diffmodel."), _DENOISER_NAMES
    elif name.startswith("conditioning."):
        name, rules = name.removeprefix("conditioning."), _CONDITIONING_NAMES
    else:
        rules = _MIXSTE_NAMES
    for pattern, ours in rules:
        name = re.sub(pattern, ours, name)
    is_pointwise = name.endswith(".weight") and value.ndim > 2
    return name, value.flatten(1) if is_pointwise else value


def _config(architecture: str, state: Mapping[str, Tensor]) -> ModelConfig:
    """The sizes, from the tensors' shapes; the heads, which no shape shows, are always 8."""
    trunk, denoiser, frames = TrunkConfig(), DenoiserConfig(), 27
    if architecture != "diffhpe-2d":
        channels = len(state["trunk.embed.weight"])
        trunk = TrunkConfig(
            channels=channels,
            depth=_count(state, r"trunk\.spatial\.(\d+)\."),
            mlp_ratio=len(state["trunk.spatial.0.mlp.fc1.weight"]) / channels,
        )
        frames = state["trunk.temporal_position"].shape[1]
    if architecture != "mixste":
        denoiser = DenoiserConfig(
            channels=len(state["denoiser.input_projection.weight"]),
            blocks=_count(state, r"denoiser\.residual_layers\.(\d+)\."),
        )
        frames = len(state["denoiser.residual_layers.0.time_layer.gconv.bias"])
    return ModelConfig(
        architecture,
        frames=frames,
        trunk=trunk,
        denoiser=denoiser,
        default_preset="faithful",
    )


def _count(state: Mapping[str, Tensor], pattern: str) -> int:
    return 1 + max(int(match[1]) for name in state if (match := re.match(pattern, name)))
