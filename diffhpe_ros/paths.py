"""Folders of the package's own files, and of training and evaluation data."""

import os
import re
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_LIVE_SCHEMES = ("rtsp", "rtsps", "rtmp", "rtp", "srt", "udp", "tcp")
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)


def is_address(text: str) -> bool:
    """Whether a text is an address, such as rtsp://..., and not a path."""
    return _ADDRESS.match(text) is not None


def is_live(text: str) -> bool:
    """Whether a text is the address of a live stream, not of a file."""
    return is_address(text) and text.partition("://")[0].lower() in _LIVE_SCHEMES


def expand(path: str) -> str:
    """A path with `~` and environment variables replaced, as in a shell.

    Addresses, and paths that exist as they are, stay the same.
    """
    if is_address(path) or Path(path).exists():
        return path
    return os.path.expanduser(os.path.expandvars(path))  # noqa: PTH111 (a text, which may be empty)


def share_folders() -> list[Path]:
    """Folders that may hold models/, config/ and launch/, nearest first.

    The checkout that the package is imported from, then `share/diffhpe_ros` below each folder
    above the package: of a virtual environment, a colcon install space, or /usr/local.
    """
    places = [_PACKAGE.parent, *(parent / "share" / "diffhpe_ros" for parent in _PACKAGE.parents)]
    # Check for package.xml: other packages may also have a folder `models` next to ours.
    return [
        place
        for place in places
        if (place / "models").is_dir() and (place / "package.xml").is_file()
    ]


def data_folder() -> Path:
    """Folder of training and evaluation data: $DIFFHPE_DATA, or `data` if it is not set."""
    return Path(expand(os.environ.get("DIFFHPE_DATA") or "data"))


def models_folders() -> list[Path]:
    """Folders of models, nearest first."""
    return [place / "models" for place in share_folders()]
