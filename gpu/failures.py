"""Makes the GPU really fail: no memory for lifting and for training, and a lost device.

This is a separate process, since CUDA no longer works in it at the end.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting import (
    DEFAULT_MODEL,
    Lifter,
    LiftResult,
    free_device_memory,
    is_device_failure,
)
from diffhpe_ros.nodes.diagnostics.node_diagnostics import NodeDiagnostics
from diffhpe_ros.nodes.failover import FailoverLifter
from diffhpe_ros.nodes.model_loading import load
from diffhpe_ros.nodes.parameters.tables import LifterParameters
from diffhpe_ros.training.runner.train import fit
from gpu.context import Context
from gpu.equality import LOST
from gpu.record import Record
from gpu.train import settings_of

RETRY_S = 1.0
PATIENCE_S = 20.0
SPARE_MB = 4


def main() -> None:
    """Run the failures; the one that ends CUDA in this process comes last."""
    scratch = Path(sys.argv[1])
    record = Record(scratch / "failures.json")
    context = Context("cuda", 60.0, False, scratch, (), None)
    _training_without_memory(context, record)
    _lifting_without_memory(context, record)
    _lost_device(context, record)


def _lifting_without_memory(context: Context, record: Record) -> None:
    """The node's model moves to the CPU, and back when memory is available again."""
    x_2d = context.windows(64)
    expected = Lifter.from_pretrained(DEFAULT_MODEL, "cpu").lift(x_2d).poses
    model = _node_model()
    model.run(lambda lifter: lifter.lift(x_2d[:1]))
    with _Full():
        poses = model.run(_lift(x_2d)).poses
        device = model.lifter.device
        record.check("without memory the CPU lifts", device == "cpu", model.description)
        record.check("and gives the same poses", _is_near(poses, expected), "other poses")
    free_device_memory()
    until = time.monotonic() + PATIENCE_S
    while model.lifter.device == "cpu" and time.monotonic() < until:
        time.sleep(0.2)
        poses = model.run(_lift(x_2d)).poses
    is_back = model.lifter.device == "cuda"
    record.check("with memory again the GPU lifts", is_back, model.description)
    record.check("and gives the same poses again", _is_near(poses, expected), "other poses")
    model.close()


def _training_without_memory(context: Context, record: Record) -> None:
    """A training ends with a one-line error."""
    settings = settings_of(
        context, "mixste", ["budget=gpu", "compile=false", "data.batch_size=1024",
                            "trainer.max_steps=2", f"out={context.scratch}/no-memory"],
    )  # fmt: skip
    with _Full(spare_mb=600):
        try:
            fit(settings)
            record.check("a training without memory ends with one line", False, "it went on")
        except DiffhpeError as error:
            line = str(error)
            is_line = line.startswith("the GPU failed") and "\n" not in line
            record.check("a training without memory ends with one line", is_line, line)
    free_device_memory()


def _lost_device(context: Context, record: Record) -> None:
    """After an assertion on the device, every call to it fails; the CPU continues."""
    x_2d = context.windows(2)
    expected = Lifter.from_pretrained(DEFAULT_MODEL, "cpu").lift(x_2d).poses
    model = _node_model()

    def work(lifter: Lifter) -> LiftResult:
        if lifter.device == "cuda":
            beyond = torch.tensor([9], device=lifter.device)
            torch.zeros(4, device=lifter.device)[beyond].cpu()
        return lifter.lift(x_2d)

    result = model.run(work)
    is_near = _is_near(result.poses, expected)
    record.check("when the device is lost the CPU lifts", is_near, model.description)
    try:
        torch.zeros(1, device="cuda").cpu()
        record.check(LOST, False, "it works still")
    except RuntimeError as error:
        reason = str(error).partition("\n")[0]
        record.check(LOST, is_device_failure(error), reason)
    model.close()


def _node_model() -> FailoverLifter:
    parameters = LifterParameters(model=DEFAULT_MODEL, device="cuda", engine="folded")
    return FailoverLifter(load, parameters, NodeDiagnostics(), RETRY_S)


def _lift(x_2d: np.ndarray) -> Callable[[Lifter], LiftResult]:
    return lambda lifter: lifter.lift(x_2d)


def _is_near(poses: np.ndarray, expected: np.ndarray) -> bool:
    return bool(np.abs(poses - expected).max() < 1e-3)


class _Full:
    """A context in which torch gets hardly any more memory from this GPU."""

    def __init__(self, spare_mb: float = SPARE_MB) -> None:
        self.spare = spare_mb * 1e6

    def __enter__(self) -> None:
        torch.cuda.synchronize()
        torch.cuda.empty_cache()
        total = torch.cuda.get_device_properties(0).total_memory
        held = torch.cuda.memory_reserved()
        torch.cuda.set_per_process_memory_fraction(min(1.0, (held + self.spare) / total), 0)

    def __exit__(self, *unused: object) -> None:
        torch.cuda.set_per_process_memory_fraction(1.0, 0)


if __name__ == "__main__":
    main()
