"""Checkpoints of the released DiffHPE and MixSTE code: read without running any of it."""

import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting.config import DenoiserConfig, ModelConfig, TrunkConfig

_Rules = tuple[tuple[str, str], ...]

# Released name → ours, in this order. 1x1 convolutions are linear layers here.
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


def read_released(path: Path) -> tuple[ModelConfig, dict[str, Tensor]]:
    """A released .pth or .pt file → the model's configuration and our state dict.

    Raises:
        DiffhpeError: the file is missing, damaged, holds more than tensors, or is no checkpoint
            of MixSTE, DiffHPE-2D or DiffHPE-Wrapper.
    """
    state = _tensors(_load(path), path)
    if any(name.startswith("diffmodel.") for name in state):
        wrapped = any(name.startswith("conditioning.") for name in state)
        architecture = "diffhpe-wrapper" if wrapped else "diffhpe-2d"
    elif "Spatial_patch_to_embedding.weight" in state:
        architecture = "mixste"
    else:
        names = ", ".join(list(state)[:3]) or "no tensors"
        raise DiffhpeError(
            f"{path}: no known checkpoint; expected the names of MixSTE, DiffHPE-2D or"
            f" DiffHPE-Wrapper, found {names}, ..."
        )
    ours = dict(_translate(name, value, architecture) for name, value in state.items())
    try:
        return _config(architecture, ours), ours
    except (KeyError, ValueError, TypeError, IndexError) as error:
        raise DiffhpeError(
            f"{path}: the {architecture} checkpoint is incomplete or misshapen ({error})"
        ) from error


def _load(path: Path) -> Any:
    if not path.is_file():
        raise DiffhpeError(f"{path}: no such checkpoint file")
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise DiffhpeError(
            f"{path}: refused, since it holds more than tensors (loading it could run code)"
            " or is damaged; expected a state dict"
        ) from error
    except Exception as error:  # a damaged file can make the reader fail in any way
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DiffhpeError(f"{path}: not a readable checkpoint ({reason})") from error


def _tensors(content: Any, path: Path) -> dict[str, Tensor]:
    """The state dict inside a checkpoint, without the prefix that data-parallel training adds."""
    if isinstance(content, Mapping) and isinstance(content.get("model_pos"), Mapping):
        content = content["model_pos"]
    if not isinstance(content, Mapping) or not all(
        isinstance(name, str) and isinstance(value, Tensor) for name, value in content.items()
    ):
        raise DiffhpeError(f"{path}: expected a state dict of tensors, found another structure")
    return {name.removeprefix("module."): value for name, value in content.items()}


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
    """Sizes, read off the tensors; the heads, which no tensor shows, are always 8."""
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
