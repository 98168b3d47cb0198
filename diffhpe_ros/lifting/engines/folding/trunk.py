"""Folds MixSTE's trunk: the same features with fewer and larger operations.

A norm before a linear layer is folded into it. The keys' bias cancels in the softmax; the values'
bias passes through it unchanged.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.lifting.checkpoints.configuration import TrunkConfig
from diffhpe_ros.lifting.engines.folding.norms import (
    LAYER_NORM_EPS,
    LayerNormWeights,
    fold_layer_norm,
)
from diffhpe_ros.lifting.weights import Affine, NamedWeights
from diffhpe_ros.skeleton import NUM_JOINTS

BLOCK_NORM_EPS = 1e-6
Array = NDArray[np.float32]


@dataclass(frozen=True)
class TrunkBlockWeights:
    """A block, over joints or frames, and the norm that follows it. Matrices are (in, out)."""

    query_key_value: Array
    """(C, 3·C)."""
    query_key_value_bias: Array
    projection: Array
    """(C, C)."""
    projection_bias: Array
    hidden: Array
    """(C, hidden)."""
    hidden_bias: Array
    output: Array
    """(hidden, C)."""
    output_bias: Array
    norm: LayerNormWeights
    heads: int
    eps: float
    """The epsilon of the two norms within the block, which have no scale or shift any more."""


@dataclass(frozen=True)
class TrunkWeights:
    """A trained trunk. Joints are in the requested order."""

    embed: Affine
    """2 → C."""
    spatial_position: Array
    """(J, C)."""
    temporal_position: Array
    """(L, C), added once, after the first block over joints."""
    spatial: list[TrunkBlockWeights]
    """Blocks over joints. One over frames follows each."""
    temporal: list[TrunkBlockWeights]
    head_norm: LayerNormWeights


def fold_trunk(
    weights: NamedWeights, sizes: TrunkConfig, frames: int, order: tuple[int, ...]
) -> TrunkWeights:
    """Fold the trunk of a MixSTE or a wrapper.

    Args:
        weights: the trunk's.
        sizes: the trunk's.
        frames: L, the length of a window.
        order: J indices of the joints; attention gives the same in any order.

    Raises:
        DiffhpeError: the weights do not have these sizes.
    """
    channels = sizes.channels
    position = weights.array("spatial_position", 1, NUM_JOINTS, channels)[0]
    spatial, temporal = (_fold_blocks(weights, kind, sizes) for kind in ("spatial", "temporal"))
    return TrunkWeights(
        embed=weights.linear("embed", 2, channels),
        spatial_position=position[list(order)],
        temporal_position=weights.array("temporal_position", 1, frames, channels)[0],
        spatial=spatial,
        temporal=temporal,
        head_norm=LayerNormWeights(*weights.norm("head_norm", channels), LAYER_NORM_EPS),
    )


def _fold_blocks(weights: NamedWeights, kind: str, sizes: TrunkConfig) -> list[TrunkBlockWeights]:
    """Fold the blocks of one kind, which share one norm, as released."""
    norm = LayerNormWeights(*weights.norm(f"{kind}_norm", sizes.channels), BLOCK_NORM_EPS)
    return [_fold_block(each, sizes, norm) for each in weights.numbered(kind, sizes.depth)]


def _fold_block(
    weights: NamedWeights, sizes: TrunkConfig, norm: LayerNormWeights
) -> TrunkBlockWeights:
    channels, width = sizes.channels, int(sizes.channels * sizes.mlp_ratio)
    scale = np.float32((channels // sizes.heads) ** -0.5)
    projected = fold_layer_norm(
        weights.norm("norm1", channels), weights.linear("attn.qkv", channels, 3 * channels)
    )
    hidden = fold_layer_norm(
        weights.norm("norm2", channels), weights.linear("mlp.fc1", channels, width)
    )
    query, key, value = np.split(projected.weight, 3, 1)
    query_bias, _, value_bias = np.split(projected.bias, 3)
    projection = weights.linear("attn.proj", channels, channels)
    output = weights.linear("mlp.fc2", width, channels)
    return TrunkBlockWeights(
        query_key_value=np.concatenate([query * scale, key, value], 1),
        query_key_value_bias=np.concatenate(
            [query_bias * scale, np.zeros(2 * channels, np.float32)]
        ),
        projection=projection.weight,
        projection_bias=projection.bias + value_bias @ projection.weight,
        hidden=hidden.weight,
        hidden_bias=hidden.bias,
        output=output.weight,
        output_bias=output.bias,
        norm=norm,
        heads=sizes.heads,
        eps=BLOCK_NORM_EPS,
    )
