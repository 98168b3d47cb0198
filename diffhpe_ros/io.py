"""Files: .npz archives read without pickles, JSON written; errors name the file."""

import json
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.outputs import replacing


def read_npz(path: Path, names: Iterable[str] = ()) -> Mapping[str, NDArray[Any]]:
    """All arrays of an .npz file; object arrays, which could run code, are refused.

    Args:
        path: the file.
        names: arrays that must be there.

    Raises:
        DiffhpeError: the file is missing, damaged, holds pickles, or lacks an array.
    """
    if not path.is_file():
        raise DiffhpeError(f"{path}: no such file")
    try:
        archive = np.load(path, allow_pickle=False)
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise DiffhpeError(f"{path}: one array (.npy); an .npz archive of arrays is expected")
        with archive:
            arrays = {name: archive[name] for name in archive.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DiffhpeError(
            f"{path}: not a readable .npz file of plain arrays ({reason})"
        ) from error
    missing = [name for name in names if name not in arrays]
    if missing:
        found = ", ".join(sorted(arrays)) or "nothing"
        raise DiffhpeError(f"{path}: array {missing[0]!r} is missing; found {found}")
    return arrays


def write_json(path: Path, values: Mapping[str, object]) -> None:
    """Write figures as JSON.

    Raises:
        DiffhpeError: the file cannot be written.
    """
    text = json.dumps(values, indent=2, allow_nan=False) + "\n"
    with replacing(path) as file:
        file.write(text.encode())
