"""The networks' deep parts: windows and sequences come first, then joints."""

import ctypes
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting.checkpoints.configuration import ModelConfig
from diffhpe_ros.lifting.engines.folding.denoiser import (
    DenoiserWeights,
    GraphLayerWeights,
    ResidualBlockWeights,
)
from diffhpe_ros.lifting.engines.folding.trunk import TrunkBlockWeights, TrunkWeights
from diffhpe_ros.lifting.engines.native.library import WeightPointers, address, find_library
from diffhpe_ros.lifting.threads import thread_count
from diffhpe_ros.skeleton import NUM_JOINTS

Array = NDArray[np.float32]

STEP = 16
"""All numbers of features must be multiples of this, the widest vector's length."""
HEAD = 8
"""Features per attention head."""
TOKENS = range(8, 33)
"""The numbers of joints and frames that the attention is written for."""


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
    """A trunk on the library.

    Args:
        trunk: its folded weights.
    """

    def __init__(self, trunk: TrunkWeights) -> None:
        pairs = zip(trunk.spatial, trunk.temporal, strict=True)
        blocks = [block for pair in pairs for block in pair]
        self._embed, self._head_norm = trunk.embed, trunk.head_norm
        self._position = trunk.spatial_position[:, None]  # (J, 1, C)
        self._temporal = np.ascontiguousarray(trunk.temporal_position)  # (L, C)
        self._weights = WeightPointers([_of_trunk(block) for block in blocks])
        self._sizes = _TrunkSizes(
            len(self._position),
            *self._temporal.shape,
            blocks[0].hidden.shape[1],
            len(blocks),
            blocks[0].eps,
            blocks[0].norm.eps,
        )

    def __call__(self, x_2d: Array) -> Array:
        """(B, J, L, 2), 0 where unseen → features (B, J, L, C)."""
        x = self._embed(x_2d) + self._position
        _library().diffhpe_trunk(
            ctypes.byref(self._sizes),
            self._weights.pointers,
            address(self._temporal),
            address(x),
            len(x),
            thread_count(),
        )
        return self._head_norm(x)


class NativeDenoiser:
    """A denoiser after its input projection.

    Args:
        denoiser: its folded weights.
    """

    def __init__(self, denoiser: DenoiserWeights) -> None:
        self._steps = denoiser.steps
        self._output1, self._output2 = denoiser.output1, denoiser.output2
        blocks = denoiser.blocks
        self._weights = WeightPointers([_of_denoiser(block) for block in blocks])
        (joints, channels), inner = blocks[0].feature_layer.own.shape[:2], blocks[0].non_local.key
        frames = len(blocks[0].time_layer.bias)
        self._sizes = _DenoiserSizes(joints, frames, channels, len(inner), len(blocks))

    def __call__(self, x: Array, t: NDArray[np.int64]) -> Array:
        """X (N, J, L, C), which is overwritten, zero-based steps t (N,) or (1,) → (N, J, L, 3)."""
        skips, steps = np.zeros_like(x), self._steps[t]
        _library().diffhpe_denoiser(
            ctypes.byref(self._sizes),
            self._weights.pointers,
            address(steps),
            steps[0].size if len(steps) > 1 else 0,
            address(x),
            address(skips),
            len(x),
            thread_count(),
        )
        hidden = self._output1(skips)
        return self._output2(np.maximum(hidden, 0, out=hidden))


def fits(config: ModelConfig) -> bool:
    """Whether the library supports networks of these sizes."""
    has_trunk, has_denoiser = (
        config.architecture in architectures
        for architectures in (("mixste", "diffhpe-wrapper"), ("diffhpe-2d", "diffhpe-wrapper"))
    )
    return not (has_trunk and not _fits_trunk(config)) and not (
        has_denoiser and config.denoiser.channels % (2 * STEP)
    )


def _fits_trunk(config: ModelConfig) -> bool:
    channels = config.trunk.channels
    return (
        not (channels % STEP or int(channels * config.trunk.mlp_ratio) % STEP)
        and channels == config.trunk.heads * HEAD
        and NUM_JOINTS in TOKENS
        and config.frames in TOKENS
    )


def _of_trunk(block: TrunkBlockWeights) -> list[Array]:
    """The weights in the order of TrunkBlock in src/trunk.hpp."""
    return [
        *(block.query_key_value, block.query_key_value_bias, block.projection),
        *(block.projection_bias, block.hidden, block.hidden_bias, block.output),
        *(block.output_bias, block.norm.scale, block.norm.shift),
    ]


def _of_denoiser(block: ResidualBlockWeights) -> list[Array]:
    """The weights in the order of DenoiserBlock in src/denoiser.hpp."""
    non_local = block.non_local
    return [
        *_of_graph(block.time_layer, transposed=True),
        *_of_graph(block.feature_layer),
        *(non_local.query, non_local.key_value, non_local.key, non_local.key_bias),
        *(non_local.value_bias, non_local.output, block.gate, block.gate_bias, block.output),
    ]


def _of_graph(layer: GraphLayerWeights, transposed: bool = False) -> Iterable[Array]:
    own, others = layer.own, layer.others
    if transposed:
        own, others = own.swapaxes(1, 2), others.swapaxes(1, 2)
    return own, others, layer.bias, layer.neighbours


def _library() -> ctypes.CDLL:
    library = find_library()
    if library is None:  # unpickled on a machine without the library
        raise DiffhpeError("no native engine: the compiled library is missing; rebuild it")
    return library
