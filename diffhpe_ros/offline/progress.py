"""Progress with the time that is left, and Ctrl-C that ends a step early."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tqdm import tqdm


def progress_bar(what: str, total: int | None, done: int = 0) -> Any:
    """A bar of frames.

    Args:
        what: is done.
        total: frames; None if that is not known.
        done: of them, before.
    """
    return tqdm(total=total, initial=done, desc=what, unit="frame", mininterval=0.5)


class Stopped:
    """Whether Ctrl-C came."""

    def __init__(self) -> None:
        self._came = False

    def __bool__(self) -> bool:
        return self._came

    @contextmanager
    def by_ctrl_c(self) -> Iterator[None]:
        """Ctrl-C ends the block, and no more than that."""
        try:
            yield
        except KeyboardInterrupt:
            self._came = True
