"""Folders of the package's own files, and of training and evaluation data."""

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def share_folders() -> list[Path]:
    """Folders that may hold models/, config/ and launch/, nearest first.

    The checkout that the package is imported from, then `share/diffhpe_ros` below each folder
    above the package: of a virtual environment, a colcon install space, or /usr/local.
    """
    places = [_PACKAGE.parent, *(parent / "share" / "diffhpe_ros" for parent in _PACKAGE.parents)]
    # package.xml: other packages, too, may put a folder `models` beside ours.
    return [
        place
        for place in places
        if (place / "models").is_dir() and (place / "package.xml").is_file()
    ]


def data_folder() -> Path:
    """Folder of training and evaluation data: $DIFFHPE_DATA, or `data` where it is not set."""
    return Path(os.environ.get("DIFFHPE_DATA") or "data")


def models_folders() -> list[Path]:
    """Folders of models, nearest first."""
    return [place / "models" for place in share_folders()]
