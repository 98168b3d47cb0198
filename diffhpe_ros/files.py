"""Writing small files, with errors that name them."""

import json
from collections.abc import Mapping
from pathlib import Path

from diffhpe_ros.errors import DiffhpeError


def write_json(path: Path, values: Mapping[str, object]) -> None:
    """Write figures as JSON.

    Raises:
        DiffhpeError: the file cannot be written.
    """
    try:
        path.write_text(json.dumps(values, indent=2, allow_nan=False) + "\n")
    except OSError as error:
        raise DiffhpeError(f"cannot write {path}: {error.strerror or error}") from error
