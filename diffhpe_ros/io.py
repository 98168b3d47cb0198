"""Files: .npz archives read without pickles, outputs replaced as a whole; errors name the file."""

import json
import os
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.errors import DiffhpeError


def read_npz(path: Path, names: Iterable[str] = ()) -> Mapping[str, NDArray[Any]]:
    """All arrays of an .npz file; object arrays, which could run code, are refused.

    Args:
        path: the file.
        names: required arrays.

    Raises:
        DiffhpeError: the file is missing, damaged, contains pickles, or lacks an array.
    """
    if not path.is_file():
        raise DiffhpeError(f"{path}: no such file")
    try:
        archive = np.load(path, allow_pickle=False)
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise DiffhpeError(f"{path}: one array (.npy); an .npz archive of arrays is expected")
        with archive:
            arrays = {name: _read_array(archive, name) for name in archive.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        if not zipfile.is_zipfile(path):  # numpy takes any other content for a pickle
            raise DiffhpeError(f"{path}: not a readable .npz file: it is no archive") from None
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DiffhpeError(f"{path}: not a readable .npz file of plain arrays ({reason})") from None
    missing = [name for name in names if name not in arrays]
    if missing:
        found = ", ".join(sorted(arrays)) or "nothing"
        raise DiffhpeError(f"{path}: array {missing[0]!r} is missing; found {found}")
    return arrays


def _read_array(archive: np.lib.npyio.NpzFile, name: str) -> NDArray[Any]:
    try:
        return np.asarray(archive[name])
    except ValueError as error:
        if "allow_pickle" not in str(error):
            raise
        raise ValueError(
            f"array {name!r} holds Python objects, such as None or arrays of several lengths; an"
            " array of numbers or text is expected, or none of that name"
        ) from error


def check_output(path: Path, *inputs: Path) -> None:
    """Refuse an output file that cannot be written or would replace an input.

    Raises:
        DiffhpeError: its folder is missing or not writable, it is a folder, or it is an input.
    """
    folder = path.absolute().parent
    if not folder.is_dir():
        raise DiffhpeError(f"cannot write {path}: there is no folder {folder}")
    if path.is_dir():
        raise DiffhpeError(f"cannot write {path}: it is a folder; a file is expected")
    if not os.access(folder, os.W_OK):
        raise DiffhpeError(f"cannot write {path}: the folder is not writable")
    if any(path.exists() and each.exists() and path.samefile(each) for each in inputs):
        raise DiffhpeError(f"{path} is also the input: choose another output")


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write, which replaces `path` once it is complete.

    Raises:
        DiffhpeError: it cannot be written, as on a full disk; the previous file stays.
    """
    with replacing_path(path) as part, part.open("wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def replacing_path(path: Path) -> Iterator[Path]:
    """A path to write to, for libraries that open files themselves; see `replacing`.

    Raises:
        DiffhpeError: it cannot be written; the previous file stays.
    """
    try:
        handle, name = tempfile.mkstemp(path.suffix, f".{path.name}.", path.absolute().parent)
        os.close(handle)
        part = Path(name)
        try:
            yield part
            part.chmod(_usual_mode())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise DiffhpeError(f"cannot write {path}: {error.strerror or error}") from None


def _usual_mode() -> int:
    """The usual permissions of a new file, instead of a temporary file's 0o600."""
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def make_folder(folder: Path) -> Path:
    """Make a folder if it does not exist, and return it.

    Raises:
        DiffhpeError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DiffhpeError(f"cannot make the folder {folder}: {error.strerror}") from None
    return folder


def write_text(path: Path, text: str) -> None:
    """Write a text.

    Raises:
        DiffhpeError: the file cannot be written.
    """
    with replacing(path) as file:
        file.write(text.encode())


def write_json(path: Path, values: Mapping[str, object]) -> None:
    """Write figures as JSON.

    Raises:
        DiffhpeError: the file cannot be written.
    """
    write_text(path, json.dumps(values, indent=2, allow_nan=False) + "\n")
