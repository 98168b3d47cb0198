"""Folds the denoiser: the same output with half of the passes over memory.

- Joints come first, in `PART_ORDER`, so that the non-local layer pools neighbours.
- BatchNorms, the step embeddings (a table) and the non-local layer's last linear maps are folded
  into the neighbouring operations.
- The residual stream is kept without its factors 1/√2 and its biases: block n's weights are
  scaled by √2ⁿ instead, and the biases are moved into the table of steps.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.lifting.checkpoints.configuration import DenoiserConfig
from diffhpe_ros.lifting.diffusion.step_table import STEP_CHANNELS, step_table
from diffhpe_ros.lifting.engines.folding.norms import batch_norm_line
from diffhpe_ros.lifting.skeleton_graph import PART_ORDER, POOL, skeleton_adjacency
from diffhpe_ros.lifting.weights import Affine, NamedWeights
from diffhpe_ros.skeleton import NUM_JOINTS

Array = NDArray[np.float32]
_ORDER = list(PART_ORDER)


@dataclass(frozen=True)
class GraphLayerWeights:
    """Decoupled graph convolution, BatchNorm and ReLU."""

    own: Array
    """(J, F, F), applied to each joint's own features."""
    others: Array
    """(J, F, F), applied to the features that a joint sends to its neighbours."""
    bias: Array
    """(F,)."""
    neighbours: Array
    """(J, J)."""


@dataclass(frozen=True)
class NonLocalWeights:
    """The non-local layer and the linear map after it: a term added to that map's output.

    The affinity ReLU(q_i + k_j) needs one number per query and one per key. The last linear map,
    its BatchNorm and the map after it are combined into one matrix.
    """

    query: Array
    """(C,)."""
    key_value: Array
    """(C, 2·inner)."""
    key: Array
    """(inner,)."""
    key_bias: Array
    """()."""
    value_bias: Array
    """(inner,)."""
    output: Array
    """(inner, 2·C)."""
    constant: Array
    """(2·C,), which is added to the following map's bias."""


@dataclass(frozen=True)
class ResidualBlockWeights:
    """One block, on a residual stream that is √2ⁿ times as large as in the trained model."""

    time_layer: GraphLayerWeights
    """Its features are the frames."""
    feature_layer: GraphLayerWeights
    non_local: NonLocalWeights
    gate: Array
    """(C, 2·C); sigmoid(gate) = (1 + tanh(gate / 2)) / 2, so one tanh serves both halves."""
    gate_bias: Array
    output: Array
    """(C, 2·C): the terms added to the residual stream and, next to them, to the skips."""


@dataclass(frozen=True)
class DenoiserWeights:
    """A trained denoiser after its input projection."""

    blocks: list[ResidualBlockWeights]
    steps: Array
    """(T, blocks, C), added to each block's input stream."""
    output1: Affine
    """C → C, before a ReLU."""
    output2: Affine
    """C → 3."""


def fold_denoiser(weights: NamedWeights, sizes: DenoiserConfig, frames: int) -> DenoiserWeights:
    """Fold a denoiser's weights.

    Args:
        weights: the denoiser's.
        sizes: the denoiser's.
        frames: L, the length of a window.

    Raises:
        DiffhpeError: the weights do not have these sizes.
    """
    channels = sizes.channels
    embedded = _embed_steps(weights.below("diffusion_embedding"), sizes.steps)
    skip_scale = np.float32(1 / math.sqrt(sizes.blocks))
    blocks, tables = [], []
    waiting = skips = np.zeros(channels, np.float32)
    for number, block in enumerate(weights.numbered("residual_layers", sizes.blocks)):
        scale = np.float32(math.sqrt(2.0) ** number)
        output = block.linear("output_projection", channels, 2 * channels)
        blocks.append(_fold_block(block, output.weight, channels, frames, scale, skip_scale))
        step = block.linear("diffusion_projection", STEP_CHANNELS, channels)
        tables.append(step(embedded) * scale + waiting)
        residual_bias, skip_bias = np.split(output.bias, 2)
        waiting = waiting + residual_bias * scale
        skips = skips + skip_bias * skip_scale
    output1 = weights.linear("output_projection1", channels, channels)
    return DenoiserWeights(
        blocks=blocks,
        steps=np.stack(tables, 1),
        output1=Affine(output1.weight, output1(skips)),
        output2=weights.linear("output_projection2", channels, 3),
    )


def _embed_steps(weights: NamedWeights, steps: int) -> Array:
    """All zero-based steps → (T, 128)."""
    x = step_table(steps)
    for name in ("projection1", "projection2"):
        x = weights.linear(name, STEP_CHANNELS, STEP_CHANNELS)(x)
        with np.errstate(over="ignore"):  # the result is then 0
            x = x / (1 + np.exp(-x))  # SiLU
    return x


def _fold_block(
    weights: NamedWeights,
    output: Array,
    channels: int,
    frames: int,
    scale: np.float32,
    skip_scale: np.float32,
) -> ResidualBlockWeights:
    mid = weights.linear("mid_projection", channels, 2 * channels)
    halves = np.repeat(np.array([0.5, 1.0], np.float32), channels)
    gate = mid.weight * halves
    non_local = _fold_non_local(weights.below("non_local"), gate)
    residual, skip = np.split(output, 2, 1)
    return ResidualBlockWeights(
        time_layer=_fold_graph_layer(weights.below("time_layer"), frames, scale),
        feature_layer=_fold_graph_layer(weights.below("feature_layer"), channels),
        non_local=non_local,
        gate=gate,
        gate_bias=mid.bias * halves + non_local.constant,
        output=np.concatenate([residual * scale, skip * skip_scale], 1) * np.float32(0.5),
    )


def _fold_graph_layer(
    weights: NamedWeights, features: int, scale: np.float32 | float = 1.0
) -> GraphLayerWeights:
    """Fold a graph layer whose input is `scale` times as large as in the trained model."""
    gain, shift = batch_norm_line(weights.below("bn"), features)
    each = weights.array("gconv.W", 2, NUM_JOINTS, features, features)
    own, others = each[:, _ORDER] * gain / scale
    adjacency = skeleton_adjacency()
    diagonal = adjacency.diagonal()
    return GraphLayerWeights(
        own=diagonal[_ORDER, None, None] * own,
        others=others,
        bias=weights.array("gconv.bias", features) * gain + shift,
        neighbours=(adjacency - np.diag(diagonal))[np.ix_(_ORDER, _ORDER)],
    )


def _fold_non_local(weights: NamedWeights, following: Array) -> NonLocalWeights:
    """Fold a non-local layer and the map (C, out) that follows it."""
    channels = len(following)
    inner = channels // 2
    theta, phi, g = (weights.linear(name, channels, inner) for name in ("theta", "phi", "g"))
    w_theta, w_phi = np.split(weights.array("affinity.weight", 1, 2 * inner)[0], 2)
    out = weights.linear("out", inner, channels)
    gain, shift = batch_norm_line(weights.below("bn"), channels)
    keys = NUM_JOINTS // POOL
    return NonLocalWeights(
        query=theta.weight @ w_theta,
        key_value=np.concatenate([phi.weight, g.weight], 1),
        key=w_phi,
        key_bias=np.asarray(theta.bias @ w_theta + phi.bias @ w_phi),
        value_bias=g.bias,
        output=np.asarray((out.weight * gain) @ following / keys, np.float32),
        constant=np.asarray((gain * out.bias + shift) @ following, np.float32),
    )
