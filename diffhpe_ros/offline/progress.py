"""Progress bars with the remaining time, and Ctrl-C to end a step early."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tqdm import tqdm


def progress_bar(what: str, total: int | None, done: int = 0) -> Any:
    """A progress bar that counts frames.

    Args:
        what: the name of the step.
        total: number of frames; None if it is not known.
        done: number of frames that were done before.
    """
    return tqdm(total=total, initial=done, desc=what, unit="frame", mininterval=0.5)


class Stopped:
    """Whether Ctrl-C was pressed."""

    def __init__(self) -> None:
        self._came = False

    def __bool__(self) -> bool:
        return self._came

    @contextmanager
    def by_ctrl_c(self) -> Iterator[None]:
        """A context in which Ctrl-C ends the block, but not the program."""
        try:
            yield
        except KeyboardInterrupt:
            self._came = True
