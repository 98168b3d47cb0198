"""Output files: checked before the work, and replaced as a whole after it."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from diffhpe_ros.errors import DiffhpeError


def check_output(path: Path, *inputs: Path) -> None:
    """Refuse an output file that cannot be written or would replace an input.

    Raises:
        DiffhpeError: its folder is not there or not writable, it is a folder, or it is an input.
    """
    folder = path.absolute().parent
    if not folder.is_dir():
        raise DiffhpeError(f"cannot write {path}: there is no folder {folder}")
    if path.is_dir():
        raise DiffhpeError(f"cannot write {path}: it is a folder; a file is expected")
    if not os.access(folder, os.W_OK):
        raise DiffhpeError(f"cannot write {path}: the folder is not writable")
    if any(path.exists() and each.exists() and path.samefile(each) for each in inputs):
        raise DiffhpeError(f"{path} is the input, too: name another output")


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write, which takes the place of `path` once all of it is written.

    Raises:
        DiffhpeError: it cannot be written, as on a full disk; what was there before stays.
    """
    try:
        with tempfile.NamedTemporaryFile(
            dir=path.absolute().parent, prefix=f".{path.name}.", delete=False
        ) as file:
            part = Path(file.name)
            try:
                yield file  # type: ignore[misc]  # a wrapper with the methods of BinaryIO
                file.flush()
                os.fsync(file.fileno())
                part.chmod(_usual_mode())
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)
    except OSError as error:
        raise DiffhpeError(f"cannot write {path}: {error.strerror or error}") from error


def _usual_mode() -> int:
    """Permissions that a new file would have, instead of a temporary file's 0o600."""
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
