"""Lightning callbacks: weight averaging, seeds, early stopping, checkpoints, progress."""

import math
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any, cast

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback, Checkpoint, WeightAveraging
from lightning.pytorch.plugins.environments import SLURMEnvironment
from lightning.pytorch.trainer.states import TrainerFn
from torch import Tensor
from torch.optim.swa_utils import get_ema_multi_avg_fn
from tqdm import tqdm

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting import ModelConfig, build_model
from diffhpe_ros.lifting.checkpoints.model_folders import replace_model
from diffhpe_ros.training.modules.lifting_modules import LiftingModule
from diffhpe_ros.training.random_streams import DROPOUT, generator_of

VALIDATION = "validation/mpjpe_mm"
"""Metric that selects checkpoints."""


class AverageWeights(WeightAveraging):
    """Exponential moving average of the weights, used for validation and the saved model.

    Frozen weights stay bit-identical, since the update adds a share of a difference of 0.
    Lightning's `EMAWeightAveraging` adds two products, whose rounding would change a frozen
    backbone.

    Args:
        decay: share of the average that is kept at each step.
    """

    def __init__(self, decay: float) -> None:
        super().__init__(multi_avg_fn=get_ema_multi_avg_fn(decay))

    def weights(self) -> dict[str, Tensor]:
        """State dictionary of the averaged model."""
        assert self._average_model is not None
        module = cast(LiftingModule, self._average_model.module)
        return module.model.state_dict()


class SeedEachStep(Callback):
    """Seeds torch at each step, so that dropout depends only on seed, step and process."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def on_train_batch_start(
        self, trainer: L.Trainer, pl_module: L.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Seed torch's default generators on all devices."""
        number = trainer.global_step * trainer.world_size + trainer.global_rank
        torch.manual_seed(generator_of("cpu", DROPOUT, self.seed, number).initial_seed())


class DivergedError(DiffhpeError):
    """The validation error of a training is not finite."""


class ValidationMonitor(Callback):
    """Stops a training that no longer improves, and fails one that has diverged.

    Args:
        stop_after: share of all steps without a better validation after which the training
            stops; None never stops it.
    """

    def __init__(self, stop_after: float | None) -> None:
        self.stop_after = stop_after
        self.latest: float | None = None
        self.best, self.best_step = math.inf, 0

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Restore the metric for schedules after an interruption."""
        if self.latest is not None:
            trainer.callback_metrics[VALIDATION] = torch.tensor(self.latest)

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Compare this validation with the best one."""
        if trainer.state.fn != TrainerFn.FITTING:
            return
        step, self.latest = trainer.global_step, float(trainer.callback_metrics[VALIDATION])
        if not math.isfinite(self.latest):
            raise DivergedError(
                f"the training has diverged: at step {step} its validation error is {self.latest};"
                " a lower module.optimisation.learning_rate may help"
            )
        if self.latest < self.best:
            self.best, self.best_step = self.latest, step
        elif self.stop_after is not None:
            patience = self.stop_after * trainer.estimated_stepping_batches
            stop = step - self.best_step >= patience
            trainer.should_stop = trainer.strategy.reduce_boolean_decision(stop, all=False)

    def state_dict(self) -> dict[str, Any]:
        """State for the checkpoint."""
        return {"latest": self.latest, "best": self.best, "best_step": self.best_step}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the state."""
        self.latest = state_dict["latest"]
        self.best, self.best_step = state_dict["best"], state_dict["best_step"]


class SaveAfterValidation(Checkpoint):
    """Saves the checkpoint again after validation.

    Lightning saves before it validates and does not repeat that validation on resumption. List it
    after the callback for the best weights: Lightning calls `Checkpoint`s last and in order.

    Args:
        path: the checkpoint to resume from.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Save."""
        if trainer.state.fn == TrainerFn.FITTING:
            trainer.save_checkpoint(self.path)


class SaveModelFolder(Callback):
    """Saves the averaged weights as a complete model folder at an interval.

    So a training that is killed, such as on a preemptible machine, leaves a usable model.

    Args:
        average: holds the weights to save.
        folder: the model folder, which is replaced atomically.
        every_s: interval in seconds.
    """

    def __init__(self, average: AverageWeights, folder: Path, every_s: float) -> None:
        self.average = average
        self.folder = folder
        self.every_s = every_s
        self._saved = time.monotonic()

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Start the interval."""
        self._saved = time.monotonic()

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any,
        batch_idx: int,
    ) -> None:  # fmt: skip
        """Save when the interval has passed."""
        if trainer.is_global_zero and time.monotonic() - self._saved >= self.every_s:
            self.save(cast(LiftingModule, pl_module).config)
            self._saved = time.monotonic()

    def save(self, config: ModelConfig) -> None:
        """Replace the folder."""
        model = build_model(config)
        model.load_state_dict(self.average.weights())
        replace_model(model, config, self.folder)


class UncompiledValidation(Callback):
    """Validates without compilation, since compiling for another batch size would take minutes."""

    def on_validation_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Run eagerly."""
        torch.compiler.set_stance("force_eager")

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Run compiled code again."""
        torch.compiler.set_stance("default")

    def on_exception(
        self, trainer: L.Trainer, pl_module: L.LightningModule, exception: BaseException
    ) -> None:
        """Run compiled code again, for the next training of this process."""
        torch.compiler.set_stance("default")


class StopOnSigterm(Callback):
    """SIGTERM stops a training with all its processes, as Ctrl-C does.

    Lightning's handler waits for the other processes inside the signal handler, possibly for ever.
    On SLURM it is kept, since there it also requeues the job.
    """

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Replace Lightning's handler; Lightning restores the former one at the end."""
        if threading.current_thread() is threading.main_thread() and not SLURMEnvironment.detect():
            signal.signal(signal.SIGTERM, signal.default_int_handler)


class TrainingProgress(Callback):
    """One progress bar over all steps, with the remaining time, also after resumption."""

    def __init__(self) -> None:
        self.bar: tqdm | None = None

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Start at the step of the checkpoint."""
        if trainer.is_global_zero:
            self.bar = tqdm(
                total=int(trainer.estimated_stepping_batches),
                initial=trainer.global_step,
                unit="step",
                mininterval=0.5 if sys.stderr.isatty() else 30.0,
                dynamic_ncols=True,
            )

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any,
        batch_idx: int,
    ) -> None:  # fmt: skip
        """Advance the bar."""
        if self.bar is not None and self.bar.update(trainer.global_step - self.bar.n):
            figures = trainer.progress_bar_metrics
            self.bar.set_postfix(
                {name.split("/")[-1]: f"{value:.4g}" for name, value in figures.items()},
                refresh=False,
            )

    def on_train_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Close the bar."""
        self._close()

    def on_exception(
        self, trainer: L.Trainer, pl_module: L.LightningModule, exception: BaseException
    ) -> None:
        """Close the bar above the error message."""
        self._close()

    def _close(self) -> None:
        if self.bar is not None:
            self.bar.close()
