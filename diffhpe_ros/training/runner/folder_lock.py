"""One training at a time in a folder: two would overwrite each other's checkpoints."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lightning.pytorch.utilities.rank_zero import rank_zero_only

from diffhpe_ros.errors import DiffhpeError


@contextmanager
def only_training_in(out: Path) -> Iterator[None]:
    """Lock a folder, at most until the process ends.

    With several processes, also of several machines, only the first locks.

    Raises:
        DiffhpeError: another training has locked the folder, or it cannot be created.
    """
    machine = os.environ.get("NODE_RANK", os.environ.get("GROUP_RANK", "0"))
    if getattr(rank_zero_only, "rank", 0) or machine != "0":
        yield
        return
    try:
        out.mkdir(parents=True, exist_ok=True)
        folder = os.open(out, os.O_RDONLY)
    except OSError as error:
        raise DiffhpeError(f"cannot write to out={out}: {error.strerror or error}") from None
    try:
        _lock(folder, out)
        yield
    finally:
        os.close(folder)


def _lock(folder: int, out: Path) -> None:
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise DiffhpeError(f"another training is running in {out}: choose another out") from None
    except OSError:
        return  # a file system without locks
