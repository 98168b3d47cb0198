"""What the arithmetic alone would take: operations over the machine's rate."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.flop_counter import FlopCounterMode

from diffhpe_ros.benchmark.times import median_ms
from diffhpe_ros.lifting import Lifter
from diffhpe_ros.skeleton import NUM_JOINTS

REPEATS = 50
Shape = tuple[int, ...]


def giga_operations(lifter: Lifter, x_2d: NDArray[np.float32]) -> float:
    """Multiplications and additions of all matrix products of one lift, in 10⁹.

    The lifter's engine is one of torch's, which counts them.
    """
    assert lifter.engine in ("folded", "plain")
    in_place = {torch.ops.aten.addmm_: _in_place_product}  # which the counter does not know
    with FlopCounterMode(display=False, custom_mapping=in_place) as counter:
        lifter.lift(x_2d)
    return counter.get_total_flops() / 1e9


def _in_place_product(_: Shape, left: Shape, right: Shape, **unused: Any) -> int:
    return 2 * left[0] * left[1] * right[1]


def matrix_rate(device: str, windows: int = 16) -> float:
    """10⁹ operations a second in (rows, 64) x (64, 128), a product as thin as the networks'."""
    rows = 27 * NUM_JOINTS * windows
    a, b = torch.randn(rows, 64, device=device), torch.randn(64, 128, device=device)

    def product() -> None:
        torch.mm(a, b)
        if device != "cpu":
            torch.cuda.synchronize()

    return 2 * rows * 64 * 128 / median_ms([product], REPEATS)[0] / 1e6
