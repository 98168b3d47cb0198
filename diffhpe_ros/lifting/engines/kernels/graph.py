"""The decoupled graph layers: BatchNorm, ReLU and the exchange between joints, in one launch."""

import triton
import triton.language as tl
from torch import Tensor

JOINTS = 32
"""The 17 joints, padded to a valid block size."""
COLUMNS = 64
"""Numbers per joint that one program mixes."""


@triton.jit
def _mix(
    own, others, bias, neighbours, out, joints, rows, width,
    joint_stride, row_stride, bias_row, bias_column,
    JOINTS: tl.constexpr, COLUMNS: tl.constexpr,
):  # fmt: skip
    """One program is some columns of all joints; a column is a row and a feature."""
    joint = tl.arange(0, JOINTS)
    column = tl.program_id(0) * COLUMNS + tl.arange(0, COLUMNS)
    row, feature = column // width, column % width
    inside = (joint < joints)[:, None] & (row < rows)[None, :]
    place = joint[:, None] * joint_stride + (row * row_stride + feature)[None, :]
    mine = tl.load(own + place, mask=inside, other=0.0)
    theirs = tl.load(others + place, mask=inside, other=0.0)
    shift = tl.load(bias + row * bias_row + feature * bias_column, mask=row < rows, other=0.0)
    both = (joint < joints)[:, None] & (joint < joints)[None, :]
    graph = tl.load(neighbours + joint[:, None] * joints + joint[None, :], mask=both, other=0.0)
    mixed = mine + shift[None, :] + tl.dot(graph, theirs, input_precision="ieee")
    mixed = tl.where(mixed < 0.0, 0.0, mixed)  # unlike maximum, this keeps NaN
    write = out + joint[:, None] * (rows * width) + column[None, :]
    tl.store(write, mixed, mask=inside)


def mix(own: Tensor, others: Tensor, bias: Tensor, neighbours: Tensor) -> Tensor:
    """ReLU(own + bias + neighbours @ others), over the joints: (J, R, F) → (J, R, F).

    Args:
        own: (J, R, F), with neighbouring features adjacent in memory.
        others: the same, with the same strides.
        bias: (1, F) or (R, 1).
        neighbours: (J, J).
    """
    joints, rows, width = own.shape
    out = own.new_empty(own.shape)
    _mix[(triton.cdiv(rows * width, COLUMNS),)](
        own, others, bias, neighbours, out, joints, rows, width,
        own.stride(0), own.stride(1), *bias.expand(rows, width).stride(),
        JOINTS=JOINTS, COLUMNS=COLUMNS,
    )  # fmt: skip
    return out
