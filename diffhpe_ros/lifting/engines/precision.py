"""How exactly matrix products are computed, and how far poses are from each other."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Precision:
    """A way to compute float32 matrix products."""

    name: str
    context: Callable[[], AbstractContextManager[None]]
    """Matrix products within it have this precision, also when they were recorded."""


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
"""Factors rounded to 10 bits, sums in float32: what tensor cores do. bfloat16 keeps 7 bits, and
moves joints by millimetres (`python bench/precision.py`)."""


def largest_distance_mm(poses: Tensor, others: Tensor) -> float:
    """From a joint (..., 3), metres, to the same joint in the other; infinite where one is NaN."""
    both_nan = poses.isnan() & others.isnan()
    apart = torch.where(both_nan, 0.0, poses - others).norm(dim=-1).nan_to_num(nan=torch.inf)
    return float(1000 * apart.max())
