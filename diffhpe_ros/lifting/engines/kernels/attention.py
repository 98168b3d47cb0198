"""Attention over the few tokens of a window: 17 joints, or 27 frames, with heads 8 wide."""

import triton
import triton.language as tl
from torch import Tensor

from diffhpe_ros.lifting.engines.folded.trunk import LARGEST


@triton.jit
def _attention(
    source, target, tokens, width, inner,
    outer_stride, token_stride, inner_stride, head_stride, part_stride,
    out_outer, out_token, out_inner,
    largest: tl.constexpr, TOKENS: tl.constexpr, WIDTH: tl.constexpr,
):  # fmt: skip
    """One program is one head of one sequence; all its tokens are in registers."""
    sequence, head = tl.program_id(0), tl.program_id(1)
    first, second = sequence // inner, sequence % inner
    token, channel = tl.arange(0, TOKENS), tl.arange(0, WIDTH)
    inside = (token < tokens)[:, None] & (channel < width)[None, :]
    read = source + first * outer_stride + second * inner_stride + head * head_stride
    read = read + token[:, None] * token_stride + channel[None, :]
    query = tl.load(read, mask=inside, other=0.0)
    key = tl.load(read + part_stride, mask=inside, other=0.0)
    value = tl.load(read + 2 * part_stride, mask=inside, other=0.0)
    score = tl.sum(query[:, None, :] * key[None, :, :], axis=2)
    score = tl.maximum(score, -largest, propagate_nan=tl.PropagateNan.ALL)
    weight = tl.exp(tl.minimum(score, largest, propagate_nan=tl.PropagateNan.ALL))
    weight = tl.where((token < tokens)[None, :], weight, 0.0)
    mixed = tl.sum(weight[:, :, None] * value[None, :, :], axis=1)
    mixed = mixed / tl.sum(weight, axis=1)[:, None]
    write = target + first * out_outer + second * out_inner + head * width
    write = write + token[:, None] * out_token + channel[None, :]
    tl.store(write, mixed, mask=inside)


def attend(query_key_value: Tensor, tokens: int) -> Tensor:
    """Attention of (J, L, B, 3, heads, C / heads) → (J·L·B, C).

    Args:
        query_key_value: contiguous.
        tokens: the dimension to attend over: 0, the joints, or 1, the frames.
    """
    joints, frames, windows, _, heads, width = query_key_value.shape
    channels = heads * width
    out = query_key_value.new_empty(joints * frames * windows, channels)
    steps = (frames * windows, windows)  # rows from joint to joint, and from frame to frame
    count, outer, rows = (joints, frames, steps) if tokens == 0 else (frames, joints, steps[::-1])
    token_rows, outer_rows = rows
    _attention[(outer * windows, heads)](
        query_key_value, out, count, width, windows,
        3 * channels * outer_rows, 3 * channels * token_rows, 3 * channels, width, channels,
        channels * outer_rows, channels * token_rows, channels,
        largest=LARGEST,
        TOKENS=triton.next_power_of_2(count),
        WIDTH=triton.next_power_of_2(width),
    )  # fmt: skip
    return out
