"""The gated unit, with the linear maps before and after it."""

import triton
import triton.language as tl
from torch import Tensor

ROWS = 32
"""Rows, of one joint in one frame each, that one program takes."""


@triton.jit
def _tanh(x):
    """Exact to float32's last bits near 1, from operations that the interpreter has, too."""
    return 2.0 * tl.sigmoid(2.0 * x) - 1.0


@triton.jit
def _gate(
    y, added, gate, gate_bias, following, output, state, rows,
    CHANNELS: tl.constexpr, INNER: tl.constexpr, ROWS: tl.constexpr,
):  # fmt: skip
    """One program takes some rows, from their features to the terms that they add to the state."""
    row = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    channel, inner = tl.arange(0, CHANNELS), tl.arange(0, INNER)
    inside = (row < rows)[:, None]
    features = tl.load(y + row[:, None] * CHANNELS + channel[None, :], mask=inside, other=0.0)
    pooled = tl.load(added + row[:, None] * INNER + inner[None, :], mask=inside, other=0.0)
    # Weights are (in, 2 · CHANNELS): the gate's half, then the signal's; or residual, then skip.
    first = channel[:, None] * (2 * CHANNELS) + channel[None, :]
    narrow = inner[:, None] * (2 * CHANNELS) + channel[None, :]
    opening = tl.dot(features, tl.load(gate + first), input_precision="ieee")
    opening = tl.dot(pooled, tl.load(following + narrow), opening, input_precision="ieee")
    opening += tl.load(gate_bias + channel)[None, :]
    signal = tl.dot(features, tl.load(gate + first + CHANNELS), input_precision="ieee")
    signal = tl.dot(pooled, tl.load(following + narrow + CHANNELS), signal, input_precision="ieee")
    signal += tl.load(gate_bias + CHANNELS + channel)[None, :]
    signal = _tanh(signal)
    gated = signal + _tanh(opening) * signal
    write = state + row[:, None] * (2 * CHANNELS) + channel[None, :]
    residual = tl.load(write, mask=inside, other=0.0)
    residual = tl.dot(gated, tl.load(output + first), residual, input_precision="ieee")
    tl.store(write, residual, mask=inside)
    skip = tl.load(write + CHANNELS, mask=inside, other=0.0)
    skip = tl.dot(gated, tl.load(output + first + CHANNELS), skip, input_precision="ieee")
    tl.store(write + CHANNELS, skip, mask=inside)


def add_gated(
    state: Tensor,
    y: Tensor,
    added: Tensor,
    gate: Tensor,
    gate_bias: Tensor,
    following: Tensor,
    output: Tensor,
) -> None:
    """Add a residual block's output to state (J, L, N, 2·C), in place.

    That is (1 + tanh g) tanh s @ output, with (g, s) = y @ gate + gate_bias + added @ following.

    Args:
        state: contiguous.
        y: (J·L·N, C) in any shape, contiguous.
        added: (J·L·N, C / 2), the non-local layer's output.
        gate: (C, 2·C).
        gate_bias: (2·C,).
        following: (C / 2, 2·C).
        output: (C, 2·C).
    """
    channels = len(gate)
    rows = y.numel() // channels
    _gate[(triton.cdiv(rows, ROWS),)](
        y, added, gate, gate_bias, following, output, state, rows,
        CHANNELS=channels, INNER=channels // 2, ROWS=ROWS,
    )  # fmt: skip
