"""What happens beside the steps of a training."""

import math
import sys
import time
from pathlib import Path
from typing import Any, cast

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback, Checkpoint, WeightAveraging
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
"""Name of the figure that choices are made by."""


class AverageWeights(WeightAveraging):
    """The exponential average of the weights: validated, and saved in the end.

    What is frozen stays bit for bit, since it is moved by a share of a difference that is 0:
    Lightning's own `EMAWeightAveraging` adds two products, whose rounding moves a wrapper's trunk.

    Args:
        decay: share of the average that a step leaves.
    """

    def __init__(self, decay: float) -> None:
        super().__init__(multi_avg_fn=get_ema_multi_avg_fn(decay))

    def weights(self) -> dict[str, Tensor]:
        """State of the averaged model."""
        assert self._average_model is not None
        module = cast(LiftingModule, self._average_model.module)
        return module.model.state_dict()


class SeedEachStep(Callback):
    """Dropout and the like draw by seed, step and process alone, also after an interruption."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def on_train_batch_start(
        self, trainer: L.Trainer, pl_module: L.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Seed torch's own generators, of all devices."""
        number = trainer.global_step * trainer.world_size + trainer.global_rank
        torch.manual_seed(generator_of("cpu", DROPOUT, self.seed, number).initial_seed())


class DivergedError(DiffhpeError):
    """A training whose validation error is no number any more."""


class FollowValidation(Callback):
    """Follows the validation: ends a training that gets no better, or that has diverged.

    Args:
        stop_after: share of all steps that a training may go on without a better validation;
            None lets it go on to its end.
    """

    def __init__(self, stop_after: float | None) -> None:
        self.stop_after = stop_after
        self.latest: float | None = None
        self.best, self.best_step = math.inf, 0

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """After an interruption, schedules find the figure that they wait for."""
        if self.latest is not None:
            trainer.callback_metrics[VALIDATION] = torch.tensor(self.latest)

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Look at the figure of this validation."""
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
        """For the checkpoint."""
        return {"latest": self.latest, "best": self.best, "best_step": self.best_step}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """From the checkpoint."""
        self.latest = state_dict["latest"]
        self.best, self.best_step = state_dict["best"], state_dict["best_step"]


class SaveAfterValidation(Checkpoint):
    """Saves once more what validation has added to a checkpoint of the same step.

    Lightning saves before it validates, and does not repeat that validation when it goes on. To
    be listed after what keeps the best weights; it calls what is a `Checkpoint` last, in order.

    Args:
        path: of the checkpoint to go on from.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Save."""
        if trainer.state.fn == TrainerFn.FITTING:
            trainer.save_checkpoint(self.path)


class SaveModelFolder(Callback):
    """Saves the averaged weights as a whole model folder, every so many seconds.

    So a training that is cut off, on a machine that is lent for a time, leaves a model that lifts.

    Args:
        average: whose weights are saved.
        folder: of the model; replaced in one move, so that it is whole at any time.
        every_s: seconds.
    """

    def __init__(self, average: AverageWeights, folder: Path, every_s: float) -> None:
        self.average = average
        self.folder = folder
        self.every_s = every_s
        self._saved = time.monotonic()

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Count from here; what comes before takes its time, too."""
        self._saved = time.monotonic()

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any,
        batch_idx: int,
    ) -> None:  # fmt: skip
        """Save where it is time."""
        if trainer.is_global_zero and time.monotonic() - self._saved >= self.every_s:
            self.save(cast(LiftingModule, pl_module).config)
            self._saved = time.monotonic()

    def save(self, config: ModelConfig) -> None:
        """Write the folder anew."""
        model = build_model(config)
        model.load_state_dict(self.average.weights())
        replace_model(model, config, self.folder)


class UncompiledValidation(Callback):
    """Validates a compiled model as it is: other batch sizes would be compiled for minutes."""

    def on_validation_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Leave what is compiled alone."""
        torch.compiler.set_stance("force_eager")

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Go back to it."""
        torch.compiler.set_stance("default")


class Progress(Callback):
    """One bar over all steps, with the time that is left, also after an interruption."""

    def __init__(self) -> None:
        self.bar: tqdm | None = None

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Begin at the step of the checkpoint."""
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
        """One step more."""
        if self.bar is not None and self.bar.update(trainer.global_step - self.bar.n):
            figures = trainer.progress_bar_metrics
            self.bar.set_postfix(
                {name.split("/")[-1]: f"{value:.4g}" for name, value in figures.items()},
                refresh=False,
            )

    def on_train_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Leave the bar as it is."""
        self._close()

    def on_exception(
        self, trainer: L.Trainer, pl_module: L.LightningModule, exception: BaseException
    ) -> None:
        """Leave the bar as it is, and the message below it."""
        self._close()

    def _close(self) -> None:
        if self.bar is not None:
            self.bar.close()
