"""Lower limits of the time of lifting, from its operations, its bytes and its kernel launches."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from diffhpe_ros.benchmark.times import median_ms
from diffhpe_ros.lifting import Lifter
from diffhpe_ros.skeleton import NUM_JOINTS

REPEATS = 50
LAUNCHES = 200
COPIED = {"cpu": 64, "cuda": 2048}
"""Megabytes to copy; more than the caches hold."""
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Rates:
    """Rates of a device that torch reaches."""

    matrix_gflops: float
    """10⁹ operations a second in a float32 matrix product as thin as the networks'."""
    copy_gb_s: float
    """10⁹ bytes a second, read and written by a copy larger than the caches."""
    launch_us: float
    """Microseconds of an operation on one number."""


@dataclass(frozen=True)
class TimeFloor:
    """The parts of one lift, and the time that each would take at the device's rates."""

    giga_operations: float
    """Multiplications and additions of all matrix products."""
    operations_ms: float
    megabytes: float
    """Size of the weights that must be read: the denoiser's at each step, all others once."""
    bytes_ms: float
    launches: int
    """Operations that the lifter's engine starts one by one; a captured graph starts them all."""
    launches_ms: float

    @property
    def ms(self) -> float:
        """Time of arithmetic or memory, whichever is longer; a graph can capture the launches."""
        return max(self.operations_ms, self.bytes_ms)


def measure_rates(device: str) -> Rates:
    """Measure the rates of a device."""
    return Rates(matrix_rate(device), _copy_rate(device), _launch_us(device))


def floor_of(lifter: Lifter, x_2d: NDArray[np.float32], rates: Rates) -> TimeFloor:
    """The lower time limit of one lift.

    Args:
        lifter: a lifter with a torch engine.
        x_2d: windows (B, 27, 17, 2).
        rates: rates of its device.
    """
    operations = giga_operations(lifter, x_2d)
    launches = count_launches(lambda: lifter.lift(x_2d))
    megabytes = _weights_read(lifter) / 1e6
    return TimeFloor(
        giga_operations=operations,
        operations_ms=1000 * operations / rates.matrix_gflops,
        megabytes=megabytes,
        bytes_ms=megabytes / rates.copy_gb_s,
        launches=launches,
        launches_ms=launches * rates.launch_us / 1000,
    )


def giga_operations(lifter: Lifter, x_2d: NDArray[np.float32]) -> float:
    """Multiplications and additions of all matrix products of one lift, in 10⁹.

    The lifter must have a torch engine, since torch counts them.
    """
    assert lifter.engine in ("folded", "reference")
    in_place = {torch.ops.aten.addmm_: _in_place_product}  # unknown to the counter
    with FlopCounterMode(display=False, custom_mapping=in_place) as counter:
        lifter.lift(x_2d)
    return counter.get_total_flops() / 1e9


def count_launches(action: Callable[[], object]) -> int:
    """Number of torch operations that compute something; views do not."""
    with _LaunchCounter() as counter:
        action()
    return counter.launches


def matrix_rate(device: str, windows: int = 16) -> float:
    """10⁹ operations a second in (rows, 64) x (64, 128), a product as thin as the networks'."""
    rows = 27 * NUM_JOINTS * windows
    a, b = torch.randn(rows, 64, device=device), torch.randn(64, 128, device=device)
    times = median_ms([lambda: _finished(torch.mm(a, b))], REPEATS)
    return 2 * rows * 64 * 128 / times[0] / 1e6


def _copy_rate(device: str) -> float:
    kind = torch.device(device).type
    source = torch.ones(COPIED[kind] * 2**20 // 4, device=device)
    target = torch.empty_like(source)
    times = median_ms([lambda: _finished(target.copy_(source))], 5)
    return 2 * source.nbytes / times[0] / 1e6


def _launch_us(device: str) -> float:
    number = torch.zeros(1, device=device)

    def launch() -> None:
        for _ in range(LAUNCHES):
            number.add_(1.0)
        _finished(number)

    return 1000 * median_ms([launch], 9)[0] / LAUNCHES


def _finished(result: Tensor) -> None:
    if result.device.type == "cuda":
        torch.cuda.synchronize(result.device)


def _weights_read(lifter: Lifter) -> int:
    """Bytes of the weights read in one lift."""
    model = lifter.model
    assert isinstance(model, nn.Module)
    denoiser = getattr(model, "denoiser", None)
    repeated = _bytes_of(denoiser) if denoiser is not None else 0
    return _bytes_of(model) + repeated * (lifter.preset.steps - 1)


def _bytes_of(module: nn.Module) -> int:
    return sum(weights.nbytes for weights in module.parameters())


def _in_place_product(_: Shape, left: Shape, right: Shape, **unused: Any) -> int:
    return 2 * left[0] * left[1] * right[1]


class _LaunchCounter(TorchDispatchMode):
    """Counts operations whose result is not a view of their arguments."""

    def __init__(self) -> None:
        super().__init__()
        self.launches = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run the operation, and count it if its result is new."""
        result = func(*args, **(kwargs or {}))
        given = {_place(each) for each in tree_leaves((args, kwargs)) if isinstance(each, Tensor)}
        made = {_place(each) for each in tree_leaves(result) if isinstance(each, Tensor)}
        if func._schema.is_mutable or not made <= given:
            self.launches += 1
        return result


def _place(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()
