"""`diffhpe train`: a Hydra configuration → a trained model folder."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
import torch
from hydra import compose, initialize_config_dir
from hydra.errors import HydraException
from hydra.utils import instantiate
from lightning.pytorch.callbacks import EMAWeightAveraging, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from torch.utils.data import DataLoader, TensorDataset

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting import Lifter, ModelConfig, build_model, lift_all, save_model
from diffhpe_ros.lifting.checkpoints import load_with_config
from diffhpe_ros.lifting.config import Model
from diffhpe_ros.lifting.diffhpe import DiffHPEWrapper
from diffhpe_ros.lifting.mixste import MixSTE
from diffhpe_ros.lifting.views import turn_points, view
from diffhpe_ros.paths import share_folders
from diffhpe_ros.training.batches import Batches
from diffhpe_ros.training.mocap import HELD_OUT_SUBJECTS, load_cmu
from diffhpe_ros.training.truth import Windows, read_windows
from diffhpe_ros.training.windows import VirtualCameraWindows


def compose_configuration(experiment: str, overrides: Sequence[str]) -> DictConfig:
    """The configuration config/train/<experiment>.yaml with Hydra overrides.

    Raises:
        DiffhpeError: there is no such experiment, or an override does not fit.
    """
    folder = next((place / "config" / "train" for place in share_folders()), Path())
    known = sorted(file.stem for file in folder.glob("*.yaml"))
    if experiment not in known:
        raise DiffhpeError(f"unknown experiment {experiment!r}; expected one of {', '.join(known)}")
    try:
        with initialize_config_dir(str(folder.resolve()), version_base=None):
            return compose(experiment, overrides=list(overrides))
    except (HydraException, OmegaConfBaseException) as error:
        raise DiffhpeError(f"{experiment}: {str(error).splitlines()[0]}") from error


def train(settings: DictConfig) -> Path:
    """Train, resuming where an interrupted run of the same `out` stopped.

    Returns:
        The model folder, `out`/model.

    Raises:
        DiffhpeError: a file is missing or a setting does not fit.
    """
    out = Path(settings.out)
    L.seed_everything(settings.seed, verbose=False)
    if settings.threads:
        torch.set_num_threads(settings.threads)
    config = ModelConfig.from_dict(_plain(settings.model), "model")
    model = build_model(config, settings.drop_path, settings.dropout)
    if settings.backbone is not None:
        _take_backbone(model, settings.backbone)
    module = instantiate(settings.module, _partial_=True)(model=model, config=config)
    capture = load_cmu(Path(settings.data.mocap), HELD_OUT_SUBJECTS)
    truth = read_windows(Path(settings.data.validation))
    trainer = L.Trainer(
        **_plain(settings.trainer),
        max_epochs=1,
        check_val_every_n_epoch=None,
        default_root_dir=out,
        logger=CSVLogger(out, name="log"),
        callbacks=[
            EMAWeightAveraging(decay=settings.ema_decay),
            ModelCheckpoint(
                out, "last", every_n_train_steps=settings.checkpoint_every,
                enable_version_counter=False,
            ),
        ],
        log_every_n_steps=10,
        num_sanity_val_steps=0,
        enable_model_summary=False,
    )  # fmt: skip
    last = out / "last.ckpt"
    trainer.fit(
        module,
        DataLoader(
            Batches(
                VirtualCameraWindows(capture, settings.data.batch_size, settings.seed),
                lambda: trainer.global_step,
            ),
            batch_size=None,
        ),
        _validation_batches(truth, config),
        ckpt_path=last if last.is_file() else None,
    )
    save_model(model, with_residual(model, config, truth), out / "model")
    return out / "model"


def with_residual(model: Model, config: ModelConfig, truth: Windows) -> ModelConfig:
    """The configuration with the model's error per joint, measured on validation windows."""
    lifter = Lifter(model, config)
    errors = torch.from_numpy(lift_all(lifter, truth.x_2d, progress=True) - truth.poses)
    _, rotation = view(config.input_view).enter(torch.from_numpy(truth.x_2d))
    in_view = turn_points(errors, rotation).numpy()
    std_mm = 1000 * np.sqrt((in_view**2).mean((0, 1)))
    rows = tuple((round(float(x), 1), round(float(y), 1), round(float(z), 1)) for x, y, z in std_mm)
    return replace(config, residual_std_mm=rows)


def _take_backbone(model: Model, name: str) -> None:
    """Put the trunk of a trained MixSTE into a wrapper."""
    backbone, _ = load_with_config(name)
    if not isinstance(model, DiffHPEWrapper) or not isinstance(backbone, MixSTE):
        raise DiffhpeError(f"backbone {name!r}: expected a MixSTE for a diffhpe-wrapper")
    try:
        model.trunk.load_state_dict(backbone.trunk.state_dict())
    except RuntimeError as error:
        raise DiffhpeError(f"backbone {name!r} is of another size than the wrapper's") from error


def _validation_batches(
    truth: Windows, config: ModelConfig
) -> DataLoader[tuple[torch.Tensor, ...]]:
    """Windows and poses as the model sees them."""
    x_2d, rotation = view(config.input_view).enter(torch.from_numpy(truth.x_2d))
    poses = turn_points(torch.from_numpy(truth.poses), rotation)
    return DataLoader(TensorDataset(x_2d, poses), batch_size=64)


def _plain(settings: DictConfig) -> dict[str, Any]:
    values = OmegaConf.to_container(settings, resolve=True)
    assert isinstance(values, dict)
    return {str(key): value for key, value in values.items()}
