"""Translates names and shapes in the released checkpoints of GraFormer and DiffPose to ours.

Sources: github.com/GONGJIA0208/Diffpose (models/gcnpose.py, models/gcndiff.py, the configuration
human36m_diffpose_uvxyz_cpn.yml), Diffpose_video and github.com/Graformer/GraFormer.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting.checkpoints.configuration import ModelConfig
from diffhpe_ros.lifting.models.graformer.config import ENCODERS, GraFormerConfig, RefinerConfig
from diffhpe_ros.lifting.pipeline.presets import Preset
from diffhpe_ros.skeleton import NUM_JOINTS

# Released name → our name; applied in this order.
_NAMES = (
    (r"^gconv_(input|output)\.", r"\1."),
    (r"^gconv_layers\.", "residual."),
    (r"\.gconv([12])\.gconv\.", r".convolution\1."),
    (r"\.temb_proj\.", ".step."),
    (r"^atten_layers\.", "attention."),
    (r"\.self_attn\.linears\.3\.", ".projection."),
    (r"\.feed_forward\.A_hat$", ".graph"),
    (r"\.feed_forward\.gconv1\.fc\.", ".hidden."),
    (r"\.feed_forward\.gconv2\.fc\.", ".output."),
    (r"\.sublayer\.0\.norm\.", ".norm1."),
    (r"\.sublayer\.1\.norm\.", ".norm2."),
    (r"\.a_2$", ".weight"),
    (r"\.b_2$", ".bias"),
    (r"^temb\.dense\.0\.", "step.linear1."),
    (r"^temb\.dense\.1\.", "step.linear2."),
)
_CONVOLUTION = re.compile(r"((?:.*\.convolution[12])|input|output)\.(weight|bias)")
_QUERY_KEY_VALUE = re.compile(r"(attention\.\d+)\.self_attn\.linears\.[012]\.(weight|bias)")

TESTED = {"graformer": (24, 2), "mixste": (6, 1)}
"""How an encoder's poses are refined in the released configurations for CPN's keypoints: the
noisiest step, and how many steps are visited from there."""


def architecture_of(state: Mapping[str, Tensor]) -> str | None:
    """graformer, diffpose-released, or None for other names."""
    if "gconv_input.weight" not in state:
        return None
    return "diffpose-released" if "gconv_layers.0.temb_proj.weight" in state else "graformer"


def translate(
    architecture: str, state: Mapping[str, Tensor]
) -> tuple[ModelConfig, dict[str, Tensor]]:
    """The network's configuration and our state dict; for DiffPose, those of its denoiser only.

    Raises:
        KeyError, ValueError, RuntimeError: something is missing or has another shape.
    """
    ours: dict[str, list[Tensor]] = {}
    for name, value in state.items():
        if architecture == "graformer" and name.startswith("temb."):
            continue  # created with the network, but not used by it
        name, value = _translate(name, value)
        ours.setdefault(name, []).append(value)
    joined = {name: torch.cat(parts) for name, parts in ours.items()}
    _expect_coordinates(joined, 5 if architecture == "diffpose-released" else 2)
    sizes = _sizes(joined)
    if architecture == "graformer":
        return ModelConfig(architecture, graformer=sizes), joined
    return ModelConfig(architecture, refiner=RefinerConfig(**vars(sizes))), joined


def with_encoder(
    config: ModelConfig,
    state: Mapping[str, Tensor],
    encoder: ModelConfig,
    encoder_state: Mapping[str, Tensor],
    encoder_path: Path,
) -> tuple[ModelConfig, dict[str, Tensor]]:
    """Combine DiffPose's denoiser and its encoder, each already translated.

    Raises:
        DiffhpeError: the encoder is not a usable network.
    """
    if encoder.architecture not in ENCODERS:
        raise DiffhpeError(
            f"{encoder_path}: a {encoder.architecture} checkpoint; that of a GraFormer or MixSTE"
            " is expected as the encoder"
        )
    sampled, steps = TESTED[encoder.architecture]
    whole = replace(
        config,
        frames=encoder.frames,
        trunk=encoder.trunk,
        graformer=encoder.graformer,
        refiner=replace(config.refiner, encoder=encoder.architecture, sampled=sampled),
        presets={
            "fast": Preset("ddim", steps, hypotheses=1),
            "balanced": Preset("ddim", steps, hypotheses=5),
            "faithful": Preset("ddim", steps, hypotheses=1),
        },
        default_preset="faithful",
    )
    parts = {f"denoiser.{name}": value for name, value in state.items()}
    return whole, parts | {f"encoder.{name}": value for name, value in encoder_state.items()}


def _translate(name: str, value: Tensor) -> tuple[str, Tensor]:
    """Our name, or a part of it, and the tensor in our order of dimensions."""
    for pattern, ours in _NAMES:
        name = re.sub(pattern, ours, name)
    if match := _CONVOLUTION.fullmatch(name):
        # (order + 1, 1, in, out) → (out, (order + 1) in); (1, 1, out) → (out,)
        value = value.flatten(0, -2).t() if match[2] == "weight" else value.flatten()
        name = f"{match[1]}.linear.{match[2]}"
    elif match := _QUERY_KEY_VALUE.fullmatch(name):
        name = f"{match[1]}.query_key_value.{match[2]}"
    return name, value


def _expect_coordinates(state: Mapping[str, Tensor], coordinates: int) -> None:
    """Check that a network has 17 joints with this many coordinates each.

    Raises:
        ValueError: it does not.
    """
    joints = len(state["attention.0.graph"])
    if joints != NUM_JOINTS:
        raise ValueError(f"{joints} joints; Human3.6M's {NUM_JOINTS} are expected")
    found = state["input.linear.weight"].shape[1] // 3
    if found != coordinates:
        raise ValueError(f"{found} coordinates for each joint; {coordinates} are expected")


def _sizes(state: Mapping[str, Tensor]) -> GraFormerConfig:
    """The sizes, from the tensors' shapes; the heads, which no shape shows, are always 4."""
    blocks = {name.split(".")[1] for name in state if name.startswith("residual.")}
    return GraFormerConfig(channels=len(state["input.linear.weight"]), blocks=len(blocks))
