"""Models on disk: `models/<name>` folders of config.yaml, model.safetensors and its checksum."""

import hashlib
import shutil
from pathlib import Path

import torch
import yaml
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.installed_models import CONFIG_FILE, find_model
from diffhpe_ros.io import make_folder, replacing, write_text
from diffhpe_ros.lifting.checkpoints.configuration import (
    BackboneConfig,
    Model,
    ModelConfig,
    build_model,
)
from diffhpe_ros.lifting.checkpoints.released import read_released
from diffhpe_ros.lifting.models.mixste import MixSTE

WEIGHTS_FILE = "model.safetensors"
CHECKSUM_FILE = "model.safetensors.sha256"
"""In the format of `sha256sum`; a folder without it is not checked."""
TRUNK = "trunk."
"""Prefix of the names of a trunk's weights."""


def load_model(path: str | Path) -> Model:
    """A model, ready to run (evaluation mode, float32, on the CPU).

    Args:
        path: the name of a model that comes with the package, a folder with config.yaml and
            model.safetensors, or a released .pth or .pt file. None of them can run code.

    Raises:
        DiffhpeError: nothing is there, or what is there does not fit.
    """
    return load_with_config(path)[0]


def load_with_config(path: str | Path, encoder: Path | None = None) -> tuple[Model, ModelConfig]:
    """`load_model` and the configuration that the model was built from.

    Args:
        path: as in `load_model`.
        encoder: see `convert`.
    """
    place = find_model(path)
    if place.is_dir():
        if encoder is not None:
            raise DiffhpeError(f"{place} is a model folder, which takes no encoder")
        config, state = _read_folder(place)
    else:
        config, state = read_released(place, encoder)
    model = build_model(config)
    _load_state(model, state, place)
    return model.eval(), config


def load_backbone(path: str | Path, config: ModelConfig) -> MixSTE:
    """The whole MixSTE that a wrapper was trained round, ready to run.

    Args:
        path: of the wrapper, as in `load_model`.
        config: of the wrapper.

    Raises:
        DiffhpeError: the wrapper names no backbone, or it is not there.
    """
    place = find_model(path).resolve()
    if config.backbone is None:
        raise DiffhpeError(
            f"{place.name} names no backbone to start from; a diffhpe-wrapper that does is expected"
        )
    backbone = load_model(place.parent / config.backbone.name)
    if not isinstance(backbone, MixSTE):
        raise DiffhpeError(f"{config.backbone.name}, the backbone of {place.name}, is no MixSTE")
    return backbone


def save_model(
    model: Model, config: ModelConfig, folder: Path, dtype: torch.dtype = torch.float32
) -> None:
    """Write config.yaml, model.safetensors and its checksum into a folder, made if need be.

    Args:
        model: what to save.
        config: what it was built from.
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
    """`save_model` in place of the folder that is there, which is whole at any time.

    Raises:
        DiffhpeError: it cannot be written.
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
        raise DiffhpeError(f"cannot write {folder}: {error.strerror or error}") from error


def save_config(config: ModelConfig, folder: Path) -> None:
    """Write the config.yaml of a model folder, in place of the one there."""
    text = yaml.safe_dump(config.to_dict(), sort_keys=False, default_flow_style=None)
    write_text(folder / CONFIG_FILE, text)


def convert(checkpoint: Path, folder: Path, encoder: Path | None = None) -> ModelConfig:
    """A released .pth or .pt file → a model folder.

    Args:
        checkpoint: the file.
        folder: models/<name>.
        encoder: of DiffPose, the released file of the GraFormer or MixSTE that it refines.

    Raises:
        DiffhpeError: the checkpoint cannot be read, or the folder holds a model already.
    """
    if (folder / WEIGHTS_FILE).exists():
        raise DiffhpeError(f"{folder} holds a model already; name another folder or remove it")
    model, config = load_with_config(checkpoint, encoder)
    save_model(model, config, folder)
    return config


def weights_sha256(folder: Path) -> str:
    """The sha256 of the model.safetensors in a model's folder."""
    return _sha256(folder / WEIGHTS_FILE)


def model_sha256(path: str | Path) -> str:
    """The sha256 of a model's weights, by a path or a name as in `load_model`."""
    place = find_model(path)
    return weights_sha256(place) if place.is_dir() else _sha256(place)


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _read_folder(folder: Path) -> tuple[ModelConfig, dict[str, Tensor]]:
    config_file, weights_file = folder / CONFIG_FILE, folder / WEIGHTS_FILE
    for file in (config_file, weights_file):
        if not file.is_file():
            raise DiffhpeError(f"{folder} is no model folder: {file.name} is missing")
    try:
        values = yaml.safe_load(config_file.read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0]
        raise DiffhpeError(f"{config_file}: not readable as YAML ({reason})") from error
    if not isinstance(values, dict):
        raise DiffhpeError(f"{config_file}: expected a mapping, found {type(values).__name__}")
    config = ModelConfig.from_dict(values, str(config_file))
    _check_sum(folder)
    try:
        state = load_file(weights_file)
    except (SafetensorError, OSError) as error:
        raise DiffhpeError(f"{weights_file}: damaged or no safetensors file ({error})") from error
    state = {
        name: value.float() if value.is_floating_point() else value for name, value in state.items()
    }
    if config.backbone is not None:
        state |= _read_backbone(folder.resolve().parent / config.backbone.name, config.backbone)
    return config, state


def _check_sum(folder: Path) -> None:
    """Refuse weights that are not those that were written."""
    checksum_file = folder / CHECKSUM_FILE
    if not checksum_file.is_file():
        return
    expected = checksum_file.read_text(errors="replace").split(maxsplit=1)[:1]
    found = weights_sha256(folder)
    if expected != [found]:
        raise DiffhpeError(
            f"{folder / WEIGHTS_FILE} is damaged or another one: its sha256 begins with"
            f" {found[:12]}, that in {checksum_file.name} with {''.join(expected)[:12]}"
        )


def _read_backbone(folder: Path, wanted: BackboneConfig) -> dict[str, Tensor]:
    """The trunk's weights from the folder of a wrapper's backbone."""
    weights_file = folder / WEIGHTS_FILE
    if not weights_file.is_file():
        raise DiffhpeError(f"{weights_file}: no such file; it is the backbone of a wrapper")
    if weights_sha256(folder) != wanted.sha256:
        raise DiffhpeError(f"{folder} is not the backbone that the wrapper was trained with")
    _, state = _read_folder(folder)
    return {name: value for name, value in state.items() if name.startswith(TRUNK)}


def _load_state(model: Model, state: dict[str, Tensor], place: Path) -> None:
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        # The first line names the class only; the second says what is wrong.
        reason = " ".join(line.strip() for line in str(error).splitlines()[1:2])
        raise DiffhpeError(f"{place}: the weights do not fit the model: {reason}") from error
