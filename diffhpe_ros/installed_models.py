"""Which models are installed, and where. Needs no torch: launch files ask, too."""

from pathlib import Path

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.paths import expand, models_folders

CONFIG_FILE = "config.yaml"


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
