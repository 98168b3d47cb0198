"""The installed models and their window rates; needs no torch, since launch files use it, too."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.paths import expand, models_folders

CONFIG_FILE = "config.yaml"
_OF_FOLDERS = (".safetensors", ".sha256", ".yaml", ".onnx")
"""Endings of the files in a model folder; no released checkpoint has them."""
DEFAULT_RATE = 50.0
"""Frames per second of the windows of released checkpoints, and if config.yaml has no rate."""


def installed_models() -> dict[str, Path]:
    """Name → folder of each installed model; the nearest folder if there are several."""
    return {
        folder.name: folder
        for place in reversed(models_folders())
        for folder in sorted(place.iterdir())
        if (folder / CONFIG_FILE).is_file()
    }


def find_model(path: str | Path) -> Path:
    """The path of a model, given by an existing path or a name in the models folders.

    Raises:
        DiffhpeError: there is neither, and the message lists the names; or it is a file of a model
            folder.
    """
    given = Path(expand(str(path)))
    if given.is_file() and given.suffix in _OF_FOLDERS:
        raise DiffhpeError(f"{given} is one file of a model; name its folder: {given.parent}")
    if given.exists():
        return given
    if given.suffix in (".pt", ".pth"):
        raise DiffhpeError(f"{given}: no such checkpoint file")
    known = installed_models()
    if str(path) not in known:
        names = ", ".join(sorted(known)) or "none installed"
        raise DiffhpeError(f"unknown model {str(path)!r}; expected a path or one of: {names}")
    return known[str(path)]


def read_config(model: str | Path) -> Mapping[str, Any]:
    """The content of a model's config.yaml, unchecked; empty for a released checkpoint.

    Raises:
        DiffhpeError: there is no such model.
    """
    config = find_model(model) / CONFIG_FILE
    return (yaml.safe_load(config.read_text()) or {}) if config.is_file() else {}


def window_rates(model: str | Path) -> dict[str, float]:
    """The detector's parameters `rate` and `first_rate` for the windows of a model.

    Raises:
        DiffhpeError: there is no such model, or its rates are not numbers.
    """
    config = read_config(model)
    rate = config.get("rate", DEFAULT_RATE)
    rates = {"rate": rate, "first_rate": config.get("first_rate") or rate}
    try:
        return {name: float(value) for name, value in rates.items()}
    except (TypeError, ValueError):
        raise DiffhpeError(f"{model}: expected numbers as rates, got {rates}") from None
