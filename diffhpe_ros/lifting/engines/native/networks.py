"""The networks' deep parts as modules: windows and sequences come first, then joints."""

import ctypes
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting.engines.folded.denoiser import (
    FoldedDenoiser,
    FoldedGraphLayer,
    FoldedResidualBlock,
)
from diffhpe_ros.lifting.engines.folded.trunk import FoldedBlock, FoldedTrunk
from diffhpe_ros.lifting.engines.native.library import Weights, address, find_library
from diffhpe_ros.lifting.models.denoiser import Denoiser
from diffhpe_ros.lifting.models.mixste import Block, MixSTETrunk

STEP = 16
"""All numbers of features are multiples of it: the widest vector's length."""
HEAD = 8
"""Features of an attention head."""
TOKENS = range(8, 33)
"""Joints, and frames, that the attention is written for."""


class _TrunkSizes(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_int32) for name in ("joints", "frames", "channels", "hidden", "blocks")),
        ("eps", ctypes.c_float),
        ("norm_eps", ctypes.c_float),
    )


class _DenoiserSizes(ctypes.Structure):
    _fields_ = tuple(
        (name, ctypes.c_int32) for name in ("joints", "frames", "channels", "inner", "blocks")
    )


class NativeTrunk:
    """A trunk; see `FoldedTrunk`.

    Args:
        trunk: folded.
    """

    def __init__(self, trunk: FoldedTrunk) -> None:
        pairs = zip(trunk.spatial, trunk.temporal, strict=True)
        blocks = [each for pair in pairs for each in pair if isinstance(each, FoldedBlock)]
        self._embed, self._head_norm = trunk.embed, trunk.head_norm
        self._position = trunk.spatial_position[:, :, 0]  # (J, 1, C)
        self._temporal = trunk.temporal_position.detach()[0, :, 0].contiguous()  # (L, C)
        self._weights = Weights([_of_trunk(block) for block in blocks])
        self._sizes = _TrunkSizes(
            len(self._position),
            *self._temporal.shape,
            blocks[0].hidden.shape[1],
            len(blocks),
            blocks[0].eps,
            blocks[0].norm.eps,
        )

    def __call__(self, x_2d: Tensor) -> Tensor:
        """(B, J, L, 2), 0 where unseen → features (B, J, L, C)."""
        x = (self._embed(x_2d) + self._position).contiguous()
        _library().diffhpe_trunk(
            ctypes.byref(self._sizes),
            self._weights.pointers,
            address(self._temporal),
            address(x),
            len(x),
            torch.get_num_threads(),
        )
        features: Tensor = self._head_norm(x)
        return features


class NativeDenoiser:
    """A denoiser after its input projection; see `FoldedDenoiser`.

    Args:
        denoiser: folded.
    """

    def __init__(self, denoiser: FoldedDenoiser) -> None:
        self._steps = denoiser.steps.contiguous()
        self._output1, self._output2 = denoiser.output1, denoiser.output2
        blocks = [block for block in denoiser.blocks if isinstance(block, FoldedResidualBlock)]
        self._weights = Weights([_of_denoiser(block) for block in blocks])
        (joints, channels), inner = blocks[0].feature_layer.own.shape[:2], blocks[0].non_local.key
        frames = len(blocks[0].time_layer.bias)
        self._sizes = _DenoiserSizes(joints, frames, channels, len(inner), len(blocks))

    def __call__(self, x: Tensor, t: Tensor) -> Tensor:
        """X (N, J, L, C), which is used up, zero-based steps t (N,) or (1,) → (N, J, L, 3)."""
        x, skips, steps = x.contiguous(), torch.zeros_like(x), self._steps[t]
        _library().diffhpe_denoiser(
            ctypes.byref(self._sizes),
            self._weights.pointers,
            address(steps),
            steps[0].numel() if len(steps) > 1 else 0,
            address(x),
            address(skips),
            len(x),
            torch.get_num_threads(),
        )
        output: Tensor = self._output2(self._output1(skips).relu_())
        return output


def fits_trunk(trunk: MixSTETrunk) -> bool:
    """Whether the library was written for a trunk of this one's sizes."""
    block = trunk.spatial[0]
    assert isinstance(block, Block)
    channels, hidden = trunk.embed.out_features, block.mlp.fc1.out_features
    return (
        not (channels % STEP or hidden % STEP)
        and channels == block.attn.heads * HEAD
        and trunk.spatial_position.shape[1] in TOKENS
        and trunk.temporal_position.shape[1] in TOKENS
    )


def fits_denoiser(denoiser: Denoiser) -> bool:
    """Whether the library was written for a denoiser of this one's sizes."""
    return not denoiser.input_projection.out_features % (2 * STEP)


def _of_trunk(block: FoldedBlock) -> list[Tensor]:
    """In the order of TrunkBlock in src/trunk.hpp."""
    return [
        *(block.query_key_value, block.query_key_value_bias, block.projection),
        *(block.projection_bias, block.hidden, block.hidden_bias, block.output),
        *(block.output_bias, *_line(block.norm)),
    ]


def _of_denoiser(block: FoldedResidualBlock) -> list[Tensor]:
    """In the order of DenoiserBlock in src/denoiser.hpp."""
    non_local = block.non_local
    return [
        *_of_graph(block.time_layer, transposed=True),
        *_of_graph(block.feature_layer),
        *(non_local.query, non_local.key_value, non_local.key, non_local.key_bias.reshape(1)),
        *(non_local.value_bias, non_local.output, block.gate, block.gate_bias, block.output),
    ]


def _of_graph(layer: FoldedGraphLayer, transposed: bool = False) -> Iterable[Tensor]:
    own, others = (layer.own.mT, layer.others.mT) if transposed else (layer.own, layer.others)
    return own, others, layer.bias, layer.neighbours


def _line(norm: nn.LayerNorm) -> tuple[Tensor, Tensor]:
    return norm.weight.detach(), norm.bias.detach()


def _library() -> ctypes.CDLL:
    library = find_library()
    if library is None:  # a lifter from another machine
        raise DiffhpeError("no native engine: the compiled library is not there; rebuild it")
    return library
