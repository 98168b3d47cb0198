"""`diffhpe pack`: a trained model as a small folder, with the configuration of its training."""

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting import Lifter, ModelConfig, lift_in_batches, save_model
from diffhpe_ros.lifting.checkpoints.configuration import BackboneConfig
from diffhpe_ros.lifting.checkpoints.model_folders import (
    WEIGHTS_FILE,
    load_with_config,
    save_config,
    weights_sha256,
)
from diffhpe_ros.lifting.models.diffhpe import DiffHPEWrapper
from diffhpe_ros.lifting.models.diffpose.model import DiffPose
from diffhpe_ros.lifting.models.mixste import MixSTE
from diffhpe_ros.lifting.models.model import Model
from diffhpe_ros.training.calibration.calibrate import calibrated
from diffhpe_ros.training.datasets.labelled_windows import LabelledWindows

TRAINING_FILE = "train.yaml"
"""File name of a training's configuration, in its `out` folder and in packed model folders."""
TOLERANCE_MM = 0.1


@dataclass(frozen=True)
class Packed:
    """Result of packing a model."""

    megabytes: float
    is_half: bool
    """Whether the weights are stored in half precision."""
    difference_mm: float
    """Mean distance of the joints from the original model's, if stored in half precision."""


def pack(
    trained: Path, out: Path, backbone: Path | None, held_out: Sequence[LabelledWindows]
) -> Packed:
    """Copy a trained model, in half precision if its poses stay the same within 0.1 mm.

    Args:
        trained: a model folder.
        out: the new folder; replaced if it exists.
        backbone: for a wrapper or DiffPose, the folder of its MixSTE, next to `out`; the copy
            refers to it by its sha256 instead of containing it.
        held_out: windows that the model was not trained on. Poses are compared on the first ones;
            the copy is calibrated on all.

    Raises:
        DiffhpeError: a model cannot be read, the backbone is not the wrapper's, or it is not in the
            same folder as `out`.
    """
    if backbone is not None and backbone.resolve().parent != out.resolve().parent:
        raise DiffhpeError(f"the backbone {backbone} must be in the same folder as {out}")
    windows = held_out[0]
    model, config = load_with_config(trained)
    poses = lift_in_batches(Lifter(model, config), windows.x_2d, progress=False)
    if backbone is not None:
        config = _refer_to(backbone, model, config)
    difference_mm = _half_precision_error(model, config, windows, poses)
    is_half = difference_mm <= TOLERANCE_MM
    save_model(model, config, out, torch.float16 if is_half else torch.float32)
    save_config(calibrated(*load_with_config(out), held_out), out)
    if (trained.parent / TRAINING_FILE).is_file():
        shutil.copyfile(trained.parent / TRAINING_FILE, out / TRAINING_FILE)
    return Packed((out / WEIGHTS_FILE).stat().st_size / 1e6, is_half, difference_mm)


def _refer_to(backbone: Path, model: Model, config: ModelConfig) -> ModelConfig:
    """Set the model's trunk to the backbone's, and name the backbone in the configuration."""
    holds, _ = load_with_config(backbone)
    if not isinstance(model, DiffHPEWrapper | DiffPose) or not isinstance(holds, MixSTE):
        raise DiffhpeError(
            f"expected a diffhpe-wrapper or diffpose and a MixSTE as its backbone: {backbone}"
        )
    own, other = model.trunk.state_dict(), holds.trunk.state_dict()
    if own.keys() != other.keys() or not all(_is_same(own[name], other[name]) for name in own):
        raise DiffhpeError(f"{backbone} is not the backbone that the wrapper was trained with")
    model.trunk.load_state_dict(other)
    named = BackboneConfig(backbone.resolve().name, weights_sha256(backbone))
    return replace(config, backbone=named)


def _is_same(weights: Tensor, stored: Tensor) -> bool:
    """Whether they differ at most by rounding to half precision."""
    return weights.shape == stored.shape and torch.allclose(weights, stored, rtol=1e-3, atol=1e-6)


def _half_precision_error(
    model: Model, config: ModelConfig, windows: LabelledWindows, before: NDArray[np.float32]
) -> float:
    """Mean distance, mm, of the joints with rounded weights from the poses before."""
    with tempfile.TemporaryDirectory() as folder:
        whole = replace(config, backbone=None)
        save_model(model, whole, Path(folder), torch.float16)
        rounded, _ = load_with_config(folder)
    if config.backbone is not None:
        assert isinstance(model, DiffHPEWrapper | DiffPose)
        assert isinstance(rounded, DiffHPEWrapper | DiffPose)
        rounded.trunk.load_state_dict(model.trunk.state_dict())  # not rounded: stored elsewhere
    after = lift_in_batches(Lifter(rounded, config), windows.x_2d, progress=False)
    return 1000 * float(np.linalg.norm(after - before, axis=-1).mean())
