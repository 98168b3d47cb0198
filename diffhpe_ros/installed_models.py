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
WEIGHTS_FILE = "model.safetensors"
DEFAULT_RATE = 50.0
"""Frames per second of the windows of released checkpoints, and if config.yaml has no rate."""
LEAST_RATE, MOST_RATE = 13.0, 1000.0
"""Range of the rates of windows: 27 frames then span 26 ms to 2 s."""


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
    """The content of a model's config.yaml; empty for a released checkpoint.

    Raises:
        DiffhpeError: there is no such model, or its folder lacks a file or is damaged.
    """
    place = find_model(model)
    if not place.is_dir():
        return {}
    for name in (CONFIG_FILE, WEIGHTS_FILE):
        if not (place / name).is_file():
            raise DiffhpeError(f"{place} is not a model folder: {name} is missing")
    file = place / CONFIG_FILE
    try:
        values = yaml.safe_load(file.read_text())
    except (yaml.YAMLError, ValueError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise DiffhpeError(f"{file}: not readable as YAML ({reason})") from None
    if not isinstance(values, dict):
        raise DiffhpeError(f"{file}: expected a mapping, found {type(values).__name__}")
    return values


def check_rates(rate: Any, first_rate: Any, source: str) -> None:
    """Check the rates of a model's windows.

    Args:
        rate: frames per second of the windows.
        first_rate: frames per second of the shortest windows; None if there is one rate only.
        source: named by the error.

    Raises:
        DiffhpeError: a rate is no number, or out of range.
    """
    expected = {"rate": (rate, LEAST_RATE)}
    if first_rate is not None:
        expected["first_rate"] = first_rate, rate
    for name, (value, least) in expected.items():
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not (is_number and least <= value <= MOST_RATE):
            text = f"{name} is {value!r}; {least:g} to {MOST_RATE:g} is expected"
            raise DiffhpeError(f"{source}: {text}")


def window_rates(model: str | Path) -> dict[str, float]:
    """The detector's parameters `rate` and `first_rate` for the windows of a model.

    Raises:
        DiffhpeError: as `read_config`, or the model's rates are not valid.
    """
    config = read_config(model)
    rate, first_rate = config.get("rate", DEFAULT_RATE), config.get("first_rate")
    check_rates(rate, first_rate, str(find_model(model) / CONFIG_FILE))
    return {"rate": float(rate), "first_rate": float(rate if first_rate is None else first_rate)}
