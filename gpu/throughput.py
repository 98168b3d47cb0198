"""Phase: windows per second in training with data made on the device, and the parts of a step."""

import time
import warnings
from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback
from omegaconf import DictConfig
from torch.profiler import ProfilerActivity, profile

from diffhpe_ros.training.runner.train import Run, assemble
from gpu.context import Context
from gpu.record import Record
from gpu.train import SMALL, SMALL_DENOISER, settings_of

EXPERIMENTS = {"mixste": "mixste", "diffhpe-wrapper": "mixste"}
"""Experiment → its backbone, if it has one."""
MEASURED_S = 4.0
FIRST_STEPS = 3
PROFILED = 3
ROWS = 18
TABLE = "Windows a second"
WAYS = (
    ("bf16-mixed", False, 1024),
    ("bf16-mixed", True, 1024),
    ("32-true", False, 1024),
    ("bf16-mixed", True, 4096),
    ("bf16-mixed", False, 256),
)
"""Precision, compiled, batch size; in order of worth."""


def run(context: Context, record: Record) -> None:
    """Train both networks with each setting, then profile each with its best one."""
    ways = (("32-true", False, 4),) if context.tiny else WAYS
    for way in ways:
        for experiment in EXPERIMENTS:
            if context.left_s > 0:
                _measure(context, record, experiment, *way)
    for experiment in EXPERIMENTS:
        if context.left_s > 0:
            _profile(context, record, experiment)


def _measure(
    context: Context, record: Record, experiment: str, precision: str, compiled: bool, batch: int
) -> None:
    pace = Pace(0.5 if context.tiny else MEASURED_S, context.is_cuda)
    try:
        training = _prepare(context, experiment, precision, compiled, batch, pace)
        training.fit()
    except Exception as error:  # such as too little memory, or no compiler
        reason = f"{type(error).__name__}: {error}".partition("\n")[0]
        record.row(
            "Ways that failed", experiment=experiment, precision=precision, compiled=compiled,
            batch=batch, reason=reason,
        )  # fmt: skip
        return
    memory = torch.cuda.max_memory_allocated() / 1e9 if context.is_cuda else None
    record.row(
        TABLE, experiment=experiment, precision=precision, compiled=compiled, batch=batch,
        windows_s=batch * pace.steps / pace.seconds, step_ms=1000 * pace.seconds / pace.steps,
        data_ms=_data_ms(training, context), data_waits=_waits(training, context),
        first_step_s=pace.first_step_s, memory_gb=memory,
    )  # fmt: skip


def _prepare(
    context: Context, experiment: str, precision: str, compiled: bool, batch: int, end: Callback
) -> Run:
    training = assemble(_settings(context, experiment, precision, compiled, batch))
    training.trainer.callbacks.append(end)  # type: ignore[attr-defined]
    if context.is_cuda:
        torch.cuda.reset_peak_memory_stats()
    return training


def _settings(
    context: Context, experiment: str, precision: str, compiled: bool, batch: int
) -> DictConfig:
    """Settings of an endless training without validation or checkpoints, in its own folder."""
    small = [*SMALL, *(() if experiment == "mixste" else SMALL_DENOISER)] if context.tiny else []
    backbone = "null" if experiment == "mixste" or context.tiny else EXPERIMENTS[experiment]
    name = f"{experiment}-{precision}-{compiled}-{batch}-{time.monotonic_ns()}"
    settings = settings_of(
        context,
        experiment,
        [
            "budget=gpu",
            *small,
            f"backbone={backbone}",
            "+trainer.limit_val_batches=0",
            f"out={context.scratch}/throughput/{name}",
        ],
    )
    settings.compile = compiled
    settings.data.batch_size = batch
    settings.trainer.precision = precision
    settings.trainer.max_steps = settings.checkpoint_every = 1_000_000
    settings.save_every_s = None
    return settings


def _data_ms(training: Run, context: Context) -> float:
    """Milliseconds to create a batch, without training."""
    training.data.source.batch(0)
    _wait(context.is_cuda)
    begin, count = time.perf_counter(), 5
    for number in range(1, 1 + count):
        training.data.source.batch(number)
    _wait(context.is_cuda)
    return 1000 * (time.perf_counter() - begin) / count


def _waits(training: Run, context: Context) -> int | None:
    """Number of times that the CPU waits for the GPU while it creates a batch."""
    if not context.is_cuda:
        return None
    torch.cuda.set_sync_debug_mode("warn")
    try:
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            training.data.source.batch(0)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    return len(seen)


def _profile(context: Context, record: Record, experiment: str) -> None:
    rows = [row for row in record.rows(TABLE) if row["experiment"] == experiment]
    best: dict[str, Any] | None = max(rows, key=lambda row: row["windows_s"], default=None)
    if best is None:
        return
    kinds = [ProfilerActivity.CPU] + ([ProfilerActivity.CUDA] if context.is_cuda else [])
    profiler = profile(activities=kinds)
    end = Profiled(profiler)
    training = _prepare(
        context, experiment, best["precision"], best["compiled"], best["batch"], end
    )
    training.fit()
    by = "self_cuda_time_total" if context.is_cuda else "self_cpu_time_total"
    table = profiler.key_averages().table(sort_by=by, row_limit=ROWS, max_name_column_width=60)
    record.note(f"{PROFILED} steps of {experiment}, batch {best['batch']}:\n{table}")


class Pace(Callback):
    """Counts steps for some seconds after the first steps, then ends the training.

    Args:
        seconds: duration of the count.
        is_cuda: whether to wait for a GPU.
    """

    def __init__(self, seconds: float, is_cuda: bool) -> None:
        self.limit, self.is_cuda = seconds, is_cuda
        self.steps, self.seconds, self.first_step_s = 0, 0.0, 0.0
        self._done = 0
        self._begin = 0.0

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Reset the count; the first step compiles."""
        self._begin = time.perf_counter()

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, *unused: Any
    ) -> None:
        """Count the step, and stop when the time is over."""
        self._done += 1
        if self._done == FIRST_STEPS:
            _wait(self.is_cuda)
            self.first_step_s = time.perf_counter() - self._begin
            self._begin = time.perf_counter()
        elif self._done > FIRST_STEPS and time.perf_counter() - self._begin >= self.limit:
            _wait(self.is_cuda)
            self.steps = self._done - FIRST_STEPS
            self.seconds = time.perf_counter() - self._begin
            trainer.should_stop = True


class Profiled(Callback):
    """Profiles some steps after the first ones, then ends the training."""

    def __init__(self, profiler: profile) -> None:
        self.profiler = profiler
        self._done = 0

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, *unused: Any
    ) -> None:
        """Start or stop the profiler."""
        self._done += 1
        if self._done == FIRST_STEPS:
            self.profiler.start()
        elif self._done == FIRST_STEPS + PROFILED:
            self.profiler.stop()
            trainer.should_stop = True


def _wait(is_cuda: bool) -> None:
    if is_cuda:
        torch.cuda.synchronize()
