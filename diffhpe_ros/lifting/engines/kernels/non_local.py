"""The non-local layer: attention between the joints of a frame, pooled in pairs."""

import triton
import triton.language as tl
from torch import Tensor

from diffhpe_ros.lifting.skeleton_graph import POOL

JOINTS = 32
"""The 17 joints, and their pairs, padded to valid block sizes."""
PAIRS = 16


@triton.jit
def _non_local(
    x, key_value, query, key, key_bias, value_bias, out, joints, pairs, rows,
    CHANNELS: tl.constexpr, INNER: tl.constexpr, JOINTS: tl.constexpr, PAIRS: tl.constexpr,
):  # fmt: skip
    """One program is one frame of one hypothesis."""
    row = tl.program_id(0)
    joint, pair = tl.arange(0, JOINTS), tl.arange(0, PAIRS)
    channel, inner = tl.arange(0, CHANNELS), tl.arange(0, INNER)
    is_joint, is_pair = (joint < joints)[:, None], (pair < pairs)[:, None]
    here = x + (joint[:, None] * rows + row) * CHANNELS + channel[None, :]
    features = tl.load(here, mask=is_joint, other=0.0)
    of_query = tl.sum(features * tl.load(query + channel)[None, :], axis=1)
    left = key_value + (2 * pair[:, None] * rows + row) * (2 * INNER) + inner[None, :]
    right = left + rows * (2 * INNER)
    keys = tl.maximum(
        tl.load(left, mask=is_pair, other=0.0),
        tl.load(right, mask=is_pair, other=0.0),
        propagate_nan=tl.PropagateNan.ALL,
    )
    of_key = tl.sum(keys * tl.load(key + inner)[None, :], axis=1) + tl.load(key_bias)
    values = tl.maximum(
        tl.load(left + INNER, mask=is_pair, other=0.0),
        tl.load(right + INNER, mask=is_pair, other=0.0),
        propagate_nan=tl.PropagateNan.ALL,
    )
    values = tl.where(is_pair, values + tl.load(value_bias + inner)[None, :], 0.0)
    affinity = of_query[:, None] + of_key[None, :]
    affinity = tl.where(affinity < 0.0, 0.0, affinity)
    mixed = tl.dot(affinity, values, input_precision="ieee")
    write = out + (joint[:, None] * rows + row) * INNER + inner[None, :]
    tl.store(write, mixed, mask=is_joint)


def attend_pairs(
    x: Tensor, key_value: Tensor, query: Tensor, key: Tensor, key_bias: Tensor, value_bias: Tensor
) -> Tensor:
    """`FoldedNonLocal.forward` after its product with `key_value`: → (J·R, C / 2).

    Args:
        x: (J, R, C), contiguous.
        key_value: (J, R, C), x times the layer's keys and values.
        query: (C,).
        key: (C / 2,).
        key_bias: one number.
        value_bias: (C / 2,).
    """
    joints, rows, channels = x.shape
    out = x.new_empty(joints * rows, channels // 2)
    _non_local[(rows,)](
        x, key_value, query, key, key_bias, value_bias, out, joints, joints // POOL, rows,
        CHANNELS=channels, INNER=channels // 2, JOINTS=JOINTS, PAIRS=PAIRS,
    )  # fmt: skip
    return out
