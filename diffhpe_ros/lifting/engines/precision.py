"""Precisions of matrix products, and the distance between poses."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Precision:
    """A precision for float32 matrix products."""

    name: str
    context: Callable[[], AbstractContextManager[None]]
    """A context in which matrix products have this precision, also in recordings made within it."""


@contextmanager
def _matmul(precision: str) -> Iterator[None]:
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(precision)
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


FLOAT32 = Precision("float32", lambda: _matmul("highest"))
TF32 = Precision("TF32", lambda: _matmul("high"))
"""Factors rounded to 10 bits, sums in float32, as tensor cores compute. bfloat16 keeps 7 bits and
moves joints by millimetres (`python bench/precision.py`)."""


def largest_distance_mm(poses: Tensor, others: Tensor) -> float:
    """The largest distance between joints (..., 3) in metres; infinite where only one is NaN."""
    both_nan = poses.isnan() & others.isnan()
    apart = torch.where(both_nan, 0.0, poses - others).norm(dim=-1).nan_to_num(nan=torch.inf)
    return float(1000 * apart.max())
