"""Load and save torch models; see `checkpoints.stored` for the format on disk."""

import shutil
from pathlib import Path

import torch
from safetensors.torch import save

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.installed_models import WEIGHTS_FILE
from diffhpe_ros.io import make_folder, replacing, write_text
from diffhpe_ros.lifting.checkpoints.building import build_model
from diffhpe_ros.lifting.checkpoints.configuration import ModelConfig
from diffhpe_ros.lifting.checkpoints.stored import (
    CHECKSUM_FILE,
    TRUNK,
    StoredModel,
    read_backbone,
    read_model,
    save_config,
    weights_sha256,
)
from diffhpe_ros.lifting.models.mixste import MixSTE
from diffhpe_ros.lifting.models.model import Model
from diffhpe_ros.lifting.weights import Weights, WeightsError


def load_model(path: str | Path) -> Model:
    """Load a model, ready to run (evaluation mode, float32, on the CPU).

    Args:
        path: the name of a model that comes with the package, a folder with config.yaml and
            model.safetensors, or a released .pth or .pt file. None of them can run code.

    Raises:
        DiffhpeError: the model does not exist, or its files do not fit.
    """
    return load_with_config(path)[0]


def load_with_config(path: str | Path, encoder: Path | None = None) -> tuple[Model, ModelConfig]:
    """Like `load_model`, and also return the configuration that the model was built from.

    Args:
        path: as in `load_model`.
        encoder: see `convert`.
    """
    stored = read_model(path, encoder)
    try:
        return model_of(stored), stored.config
    except WeightsError as error:
        raise DiffhpeError(f"{path}: {error}") from None


def load_backbone(path: str | Path, config: ModelConfig) -> MixSTE:
    """Load the whole MixSTE that a wrapper was trained around, ready to run.

    Args:
        path: the wrapper's, as in `load_model`.
        config: the wrapper's configuration.

    Raises:
        DiffhpeError: the wrapper names no backbone, or the backbone does not exist.
    """
    backbone = model_of(read_backbone(path, config))
    assert isinstance(backbone, MixSTE)
    return backbone


def model_of(stored: StoredModel) -> Model:
    """The network with these weights, in evaluation mode.

    Raises:
        WeightsError: the weights do not fit the configuration.
    """
    model = build_model(stored.config)
    try:
        model.load_state_dict(
            {name: torch.from_numpy(value) for name, value in stored.weights.items()}
        )
    except RuntimeError as error:
        # The first line only names the class; the second says what is wrong.
        reason = " ".join(line.strip() for line in str(error).splitlines()[1:2])
        raise WeightsError(reason) from None
    return model.eval()


def weights_of(model: Model) -> Weights:
    """A model's weights as single-precision arrays on the CPU."""
    return {
        name: value.detach().to("cpu", torch.float32 if value.is_floating_point() else None).numpy()
        for name, value in model.state_dict().items()
    }


def save_model(
    model: Model, config: ModelConfig, folder: Path, dtype: torch.dtype = torch.float32
) -> None:
    """Write config.yaml, model.safetensors and its checksum into a folder, creating it if needed.

    Args:
        model: the model to save.
        config: the configuration that it was built from.
        folder: models/<name>.
        dtype: how floating-point tensors are stored.

    Raises:
        DiffhpeError: a file cannot be written, as on a full disk.
    """
    make_folder(folder)
    # A wrapper that names its backbone is saved without the trunk.
    state = {
        name: value.detach().to("cpu", dtype if value.is_floating_point() else None).contiguous()
        for name, value in model.state_dict().items()
        if config.backbone is None or not name.startswith(TRUNK)
    }
    with replacing(folder / WEIGHTS_FILE) as file:
        file.write(save(state))
    write_text(folder / CHECKSUM_FILE, f"{weights_sha256(folder)}  {WEIGHTS_FILE}\n")
    save_config(config, folder)


def replace_model(model: Model, config: ModelConfig, folder: Path) -> None:
    """Replace an existing model folder, which stays complete at all times; see `save_model`.

    Raises:
        DiffhpeError: the folder cannot be written.
    """
    new, old = (folder.with_name(f".{folder.name}-{which}") for which in ("new", "old"))
    try:
        for rest in (new, old):
            shutil.rmtree(rest, ignore_errors=True)
        save_model(model, config, new)
        if folder.exists():
            folder.replace(old)
        new.replace(folder)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise DiffhpeError(f"cannot write {folder}: {error.strerror or error}") from None


def convert(checkpoint: Path, folder: Path, encoder: Path | None = None) -> ModelConfig:
    """Convert a released .pth or .pt file to a model folder.

    Args:
        checkpoint: the file.
        folder: models/<name>.
        encoder: for DiffPose, the released file of the GraFormer or MixSTE that it refines.

    Raises:
        DiffhpeError: the checkpoint cannot be read, or the folder already holds a model.
    """
    if (folder / WEIGHTS_FILE).exists():
        raise DiffhpeError(f"{folder} already contains a model; choose another folder or remove it")
    model, config = load_with_config(checkpoint, encoder)
    save_model(model, config, folder)
    return config
