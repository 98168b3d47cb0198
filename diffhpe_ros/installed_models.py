"""Which models are installed, and for which windows. Needs no torch: launch files ask, too."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.paths import expand, models_folders

CONFIG_FILE = "config.yaml"
DEFAULT_RATE = 50.0
"""Frames per second of the windows of released checkpoints, and where config.yaml names no rate."""


def installed_models() -> dict[str, Path]:
    """The folder of each installed model by its name; the nearest where there are several."""
    return {
        folder.name: folder
        for place in reversed(models_folders())
        for folder in sorted(place.iterdir())
        if (folder / CONFIG_FILE).is_file()
    }


def find_model(path: str | Path) -> Path:
    """Where a model lies: a path that exists, or a name in the models folders.

    Raises:
        DiffhpeError: neither; lists the names there are.
    """
    given = Path(expand(str(path)))
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
    """What stands in a model's config.yaml, unchecked; nothing for a released checkpoint.

    Raises:
        DiffhpeError: there is no such model.
    """
    config = find_model(model) / CONFIG_FILE
    return (yaml.safe_load(config.read_text()) or {}) if config.is_file() else {}


def window_rates(model: str | Path) -> dict[str, float]:
    """The detector's parameters `rate` and `first_rate` for the windows of a model.

    Raises:
        DiffhpeError: there is no such model, or its rates are no numbers.
    """
    config = read_config(model)
    rate = config.get("rate", DEFAULT_RATE)
    rates = {"rate": rate, "first_rate": config.get("first_rate") or rate}
    try:
        return {name: float(value) for name, value in rates.items()}
    except (TypeError, ValueError):
        raise DiffhpeError(f"{model}: expected numbers as rates, got {rates}") from None
