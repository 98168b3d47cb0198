"""Models on disk: `models/<name>` folders of config.yaml, model.safetensors and its checksum.

Calibrated ones may have a variance.safetensors, too. All are read without torch.
"""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.installed_models import CONFIG_FILE, WEIGHTS_FILE, find_model, read_config
from diffhpe_ros.io import replacing, write_text
from diffhpe_ros.lifting.checkpoints.configuration import BackboneConfig, ModelConfig
from diffhpe_ros.lifting.pipeline.variance_network import VarianceNetwork
from diffhpe_ros.lifting.torch_needed import require_torch
from diffhpe_ros.lifting.weights import Weights, WeightsError

CHECKSUM_FILE = "model.safetensors.sha256"
"""Name of the file with the checksum, as from `sha256sum`; without it nothing is checked."""
VARIANCE_FILE = "variance.safetensors"
"""The network of the calibration (`lifting.pipeline.variance_network`)."""
TRUNK = "trunk."
"""Prefix of the names of the trunk's weights."""


class StoredModel(NamedTuple):
    """The content of a model's folder or file."""

    config: ModelConfig
    weights: Weights


def read_model(path: str | Path, encoder: Path | None = None) -> StoredModel:
    """Read a model's configuration and weights.

    Args:
        path: as in `load_model`.
        encoder: see `convert`.

    Raises:
        DiffhpeError: the model does not exist or cannot be read.
    """
    place = find_model(path)
    if place.is_dir():
        if encoder is not None:
            raise DiffhpeError(f"{place} is a model folder, which takes no encoder")
        return _read_folder(place)
    require_torch(f"{place.name} is a released checkpoint, and reading it needs torch")
    from diffhpe_ros.lifting.checkpoints.released import read_released

    return StoredModel(*read_released(place, encoder))


def read_backbone(path: str | Path, config: ModelConfig) -> StoredModel:
    """Read the whole MixSTE that a wrapper was trained around.

    Args:
        path: the wrapper's, as in `load_model`.
        config: the wrapper's configuration.

    Raises:
        DiffhpeError: the wrapper names no backbone, or the backbone does not exist.
    """
    place = find_model(path).resolve()
    if config.backbone is None:
        raise DiffhpeError(
            f"{place.name} has no backbone to start from; a diffhpe-wrapper with a backbone is"
            " expected"
        )
    backbone = read_model(place.parent / config.backbone.name)
    if backbone.config.architecture != "mixste":
        raise DiffhpeError(f"{config.backbone.name}, the backbone of {place.name}, is not a MixSTE")
    return backbone


def save_config(config: ModelConfig, folder: Path) -> None:
    """Write config.yaml and the calibration's network, replacing those in the folder."""
    text = yaml.safe_dump(config.to_dict(), sort_keys=False, default_flow_style=None)
    write_text(folder / CONFIG_FILE, text)
    if config.variance_network is None:
        (folder / VARIANCE_FILE).unlink(missing_ok=True)
    else:
        with replacing(folder / VARIANCE_FILE) as file:
            file.write(save(dict(config.variance_network.weights())))


def weights_sha256(folder: Path) -> str:
    """The sha256 of the model.safetensors in a model's folder."""
    return _sha256(folder / WEIGHTS_FILE)


def model_sha256(path: str | Path) -> str:
    """The sha256 of a model's weights; `path` is as in `load_model`."""
    place = find_model(path)
    return weights_sha256(place) if place.is_dir() else _sha256(place)


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _read_folder(folder: Path) -> StoredModel:
    values = read_config(folder)
    config = ModelConfig.from_dict(values, str(folder / CONFIG_FILE))
    _check_sum(folder)
    weights = dict(_read_weights(folder / WEIGHTS_FILE))
    if (variance_file := folder / VARIANCE_FILE).is_file():
        config = replace(config, variance_network=_read_variance(variance_file, config))
    if config.backbone is not None:
        weights |= _read_trunk(folder.resolve().parent / config.backbone.name, config.backbone)
    return StoredModel(config, weights)


def _read_weights(file: Path) -> Weights:
    try:
        stored = load_file(file)
    except (SafetensorError, OSError, KeyError) as error:  # a KeyError names a type, as BF16
        raise DiffhpeError(f"{file}: damaged or not a safetensors file ({error})") from None
    return {name: _single(value) for name, value in stored.items()}


def _read_variance(file: Path, config: ModelConfig) -> VarianceNetwork:
    try:
        return VarianceNetwork.from_weights(_read_weights(file), len(config.variance_features))
    except WeightsError as error:
        raise DiffhpeError(f"{file}: {error}; run diffhpe calibrate again") from None


def _single(values: NDArray[Any]) -> NDArray[Any]:
    """Floating-point values in single precision; integers unchanged."""
    is_floating = np.issubdtype(values.dtype, np.floating)
    return values.astype(np.float32, copy=False) if is_floating else values


def _check_sum(folder: Path) -> None:
    """Refuse weights that differ from those that were written."""
    checksum_file = folder / CHECKSUM_FILE
    if not checksum_file.is_file():
        return
    expected = checksum_file.read_text(errors="replace").split(maxsplit=1)[:1]
    found = weights_sha256(folder)
    if expected != [found]:
        raise DiffhpeError(
            f"{folder / WEIGHTS_FILE} is damaged or was replaced: its sha256 begins with"
            f" {found[:12]}, that in {checksum_file.name} with {''.join(expected)[:12]}"
        )


def _read_trunk(folder: Path, wanted: BackboneConfig) -> Weights:
    """The trunk's weights from the folder of a wrapper's backbone."""
    weights_file = folder / WEIGHTS_FILE
    if not weights_file.is_file():
        raise DiffhpeError(f"{weights_file}: no such file; it is the backbone of a wrapper")
    if weights_sha256(folder) != wanted.sha256:
        raise DiffhpeError(f"{folder} is not the backbone that the wrapper was trained with")
    weights = _read_folder(folder).weights
    return {name: value for name, value in weights.items() if name.startswith(TRUNK)}
