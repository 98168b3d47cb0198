"""`diffhpe train`: a Hydra configuration → a trained model folder."""

import logging
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.callbacks import Callback, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from omegaconf import DictConfig, OmegaConf
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.installed_models import DEFAULT_RATE
from diffhpe_ros.lifting import ModelConfig, build_model
from diffhpe_ros.lifting.checkpoints.model_folders import replace_model, save_config
from diffhpe_ros.lifting.models.model import Model
from diffhpe_ros.lifting.pipeline.views import turn_points, view
from diffhpe_ros.training.calibration.calibrate import calibrated
from diffhpe_ros.training.datasets.batches import Batches, BatchPosition
from diffhpe_ros.training.datasets.labelled_windows import LabelledWindows
from diffhpe_ros.training.modules.lifting_modules import LiftingModule
from diffhpe_ros.training.modules.pretrained_weights import (
    load_backbone_weights,
    load_pretrained_weights,
)
from diffhpe_ros.training.runner.callbacks import (
    VALIDATION,
    AverageWeights,
    SaveAfterValidation,
    SaveModelFolder,
    SeedEachStep,
    StopOnSigterm,
    TrainingProgress,
    UncompiledValidation,
    ValidationMonitor,
)
from diffhpe_ros.training.runner.checkpointing import (
    LAST,
    AtomicCheckpointIO,
    checkpoint_to_resume,
    read_checkpoint,
)
from diffhpe_ros.training.runner.configuration import build, plain
from diffhpe_ros.training.runner.data import Data
from diffhpe_ros.training.runner.export import TRAINING_FILE
from diffhpe_ros.training.runner.folder_lock import only_training_in
from diffhpe_ros.training.runner.setting_checks import check_numbers, difference
from diffhpe_ros.training.synthesis.occlusions import occlusion

_log = logging.getLogger(__name__)

KEEP_CHOICES = ("best", "last")
"""Values of `keep`: the weights that become the model."""
CHANGEABLE = ("out", "threads", "progress", "checkpoint_every", "save_every_s")
"""Settings that may differ when a training resumes."""


@dataclass(frozen=True)
class Trained:
    """Result of a training."""

    folder: Path
    """The model folder, `out`/model."""
    mpjpe_mm: float
    """MPJPE of the model on the validation windows."""


def train(settings: DictConfig) -> Path:
    """Train, resuming where an interrupted run of the same `out` stopped.

    Returns:
        The model folder, `out`/model.

    Raises:
        DiffhpeError: a file is missing, a setting does not fit, or the device fails.
    """
    return fit(settings).folder


def fit(settings: DictConfig) -> Trained:
    """Like `train`, with the validation error of the model.

    Raises:
        DiffhpeError: as `train`.
    """
    if settings.keep not in KEEP_CHOICES:
        raise DiffhpeError(f"keep is {settings.keep!r}; expected {' or '.join(KEEP_CHOICES)}")
    with only_training_in(Path(settings.out)):
        return _fit(settings)


def _fit(settings: DictConfig) -> Trained:
    run = assemble(settings)
    trainer, best = run.trainer, run.best
    try:
        run.fit()
        mpjpe_mm = trainer.validate(run.module, run.validation, verbose=False)[0][VALIDATION]
    except RuntimeError as error:
        raise _device_error(error, trainer, run.out) from error
    weights = run.average.weights()
    if settings.keep == "best" and best.best_model_score is not None:
        score = float(best.best_model_score)
        if not mpjpe_mm <= score:  # `not <=`, since the score is NaN if the last steps diverged
            weights, mpjpe_mm = _model_weights(read_checkpoint(Path(best.best_model_path))), score
    folder, config = run.out / "model", run.module.config
    if trainer.is_global_zero:
        finished = build_model(config)
        finished.load_state_dict(weights)
        replace_model(finished, config, folder)  # saved even if calibration fails
        if settings.calibrate_every:
            if config.rate != DEFAULT_RATE:
                _log.warning(
                    "the covariance is measured on windows of %g frames a second, not %g: use"
                    " diffhpe calibrate with --data of that rate",
                    DEFAULT_RATE,
                    config.rate,
                )
            some = [run.data.validation.every(settings.calibrate_every)]
            config = calibrated(finished, config, some, str(trainer.strategy.root_device))
            save_config(config, folder)
    return Trained(folder, mpjpe_mm)


@dataclass(frozen=True)
class Run:
    """A training that is ready to start or resume."""

    module: LiftingModule
    trainer: L.Trainer
    data: Data
    batches: DataLoader[tuple[Tensor, Tensor]]
    validation: DataLoader[tuple[Tensor, ...]]
    average: AverageWeights
    best: ModelCheckpoint
    out: Path
    resume: Path | None
    """The checkpoint to resume from."""

    def fit(self) -> None:
        """Train to the end."""
        self.trainer.fit(
            self.module, self.batches, self.validation, ckpt_path=self.resume, weights_only=True
        )


def assemble(settings: DictConfig) -> Run:
    """Build model, data, trainer and callbacks.

    Raises:
        DiffhpeError: as `train`.
    """
    check_numbers(settings)
    out = Path(settings.out)
    resume = checkpoint_to_resume(out)
    _check_settings(settings, out, resume is not None)
    L.seed_everything(settings.seed, verbose=False)
    if settings.threads:
        torch.set_num_threads(settings.threads)
    model, config = _model(settings)
    pattern = occlusion(settings.occlusion, settings.released_occlusions)
    data: Data = build(settings.data).occluded(pattern, settings.seed, view(config.input_view))
    config = replace(config, trained_range=data.trained_range)
    average = AverageWeights(decay=settings.ema_decay)
    best = ModelCheckpoint(
        out, "best", monitor=VALIDATION, save_on_train_epoch_end=False, enable_version_counter=False
    )
    callbacks: list[Callback] = [average, best]
    if settings.save_every_s is not None:
        callbacks.append(SaveModelFolder(average, out / "model", settings.save_every_s))
    if settings.compile:
        callbacks.append(UncompiledValidation())
    trainer = make_trainer(settings, data, out, callbacks)
    module = build(settings.module, _partial_=True)(model=model, config=config)
    has_all = settings.start_from is not None and settings.backbone is None
    if resume is None and not has_all:
        module.prepare(data.source)
    if settings.compile:
        for part in model.children():
            part.compile()
    # Lightning asks for batches before it restores its own count of steps.
    begin = 0 if resume is None else read_checkpoint(resume)["global_step"]
    batches = Batches(
        data.source, lambda: BatchPosition(begin, trainer.global_rank, trainer.world_size)
    )
    loader = DataLoader(batches, batch_size=None)
    validation = validation_batches(data.validation, config)
    return Run(module, trainer, data, loader, validation, average, best, out, resume)


def _model(settings: DictConfig) -> tuple[Model, ModelConfig]:
    """The model with its initial weights."""
    config = ModelConfig.from_dict(plain(settings.model), "model")
    model = build_model(config, settings.drop_path, settings.dropout)
    if settings.start_from is not None:
        load_pretrained_weights(model, config, settings.start_from)
    if settings.backbone is not None:
        load_backbone_weights(model, settings.backbone)
    return model, config


def _check_settings(settings: DictConfig, out: Path, resumes: bool) -> None:
    """Write the settings of a new training; check that a resumed one has the same settings.

    Raises:
        DiffhpeError: they differ, or the folder cannot be written to.
    """
    file = out / TRAINING_FILE
    if resumes and file.is_file():
        began, now = (
            {name: value for name, value in plain(each).items() if name not in CHANGEABLE}
            for each in (DictConfig(OmegaConf.load(file)), settings)
        )
        if differing := difference({name: began.get(name) for name in now}, now):
            raise DiffhpeError(
                f"{out} contains a training with another {differing}; choose another out, or"
                f" remove {out} to start again"
            )
        return
    try:
        OmegaConf.save(settings, file)
    except OSError as error:
        raise DiffhpeError(f"cannot write {file}: {error.strerror or error}") from None


def make_trainer(
    settings: DictConfig, data: Data, out: Path, callbacks: list[Callback]
) -> L.Trainer:
    """Lightning's trainer, with all durations in steps.

    Raises:
        DiffhpeError: a setting does not fit, or the device does not exist.
    """
    options = _trainer_options(settings, data)
    logs = CSVLogger(out, name="log")
    last = ModelCheckpoint(
        out, "last", every_n_train_steps=settings.checkpoint_every, enable_version_counter=False
    )
    callbacks = [*callbacks, SaveAfterValidation(out / LAST)]
    if settings.progress:
        callbacks.append(TrainingProgress())
    # An unused GPU, few workers, and batches without length are all intended.
    warnings.filterwarnings("ignore", module="lightning")
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    try:
        return L.Trainer(
            **options,
            max_epochs=1,
            check_val_every_n_epoch=None,
            default_root_dir=out,
            logger=[logs, TensorBoardLogger(out, name="log", version=logs.version)],
            callbacks=[
                StopOnSigterm(), SeedEachStep(settings.seed),
                ValidationMonitor(settings.stop_after), last, *callbacks,
            ],
            plugins=[AtomicCheckpointIO()],
            log_every_n_steps=10,
            num_sanity_val_steps=0,
            use_distributed_sampler=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )  # fmt: skip
    except (
        MisconfigurationException, ImportError, TypeError, ValueError, RuntimeError,
    ) as error:  # fmt: skip
        reason = " ".join(str(error).split())
        raise DiffhpeError(f"trainer: {reason}") from error


def _trainer_options(settings: DictConfig, data: Data) -> dict[str, Any]:
    """Arguments of Lightning's trainer from the settings, with epochs converted to steps.

    Raises:
        DiffhpeError: a setting does not fit the data, or a step is not one batch.
    """
    options = plain(settings.trainer)
    if settings.epochs is not None:
        per_epoch = data.source.batches_per_epoch
        if per_epoch is None:
            raise DiffhpeError(
                f"epochs is {settings.epochs}, but these data have no epochs; null is expected"
            )
        options["max_steps"] = settings.epochs * per_epoch
        options["val_check_interval"] = settings.validate_every_epochs * per_epoch
    steps = options.get("max_steps")
    if not steps or steps < 1:
        raise DiffhpeError(
            f"trainer.max_steps is {steps}; the length of the training is expected there, or in"
            " epochs if the data have epochs"
        )
    if options.get("accumulate_grad_batches", 1) != 1:
        raise DiffhpeError(
            "trainer.accumulate_grad_batches must be 1, since the step number selects a batch's"
            " windows and noise; use a larger data.batch_size"
        )
    return options


def validation_batches(
    truth: LabelledWindows, config: ModelConfig
) -> DataLoader[tuple[Tensor, ...]]:
    """2D and poses in the model's input view."""
    x_2d, rotation = view(config.input_view).to_model_view(torch.from_numpy(truth.x_2d))
    poses = turn_points(torch.from_numpy(truth.poses), rotation)
    return DataLoader(TensorDataset(x_2d, poses), batch_size=64)


def _model_weights(checkpoint: dict[str, Any]) -> dict[str, Tensor]:
    """The averaged weights in a checkpoint, with the model's names."""
    prefix = "model."
    state = checkpoint["state_dict"].items()
    return {name[len(prefix) :]: value for name, value in state if name.startswith(prefix)}


def _device_error(error: RuntimeError, trainer: L.Trainer, out: Path) -> Exception:
    """A CUDA failure as a one-line error; other errors unchanged."""
    if "CUDA" not in str(error) and not isinstance(error, torch.cuda.OutOfMemoryError):
        return error
    reason = str(error).splitlines()[0]
    return DiffhpeError(
        f"the GPU failed at step {trainer.global_step}: {reason}; the same command continues from"
        f" the last checkpoint in {out}"
    )
