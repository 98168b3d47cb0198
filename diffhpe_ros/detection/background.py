"""Work beside the caller's own."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def _be_nice(niceness: int) -> None:
    """On Linux a priority is of a thread; a new one has that of the thread that made it."""
    if niceness:
        thread = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + niceness)


class Background:
    """Does one piece of work after the other in a thread of its own.

    The thread ends when this is given up, and never keeps the process from ending. It stays from
    one piece of work to the next: on a busy computer the caller would wait for a new one to begin.
    """

    def __init__(self, niceness: int = 0) -> None:
        """Begin without any work.

        Args:
            niceness: added to that of the thread: with 1 to 19 others go first.
        """
        self._pool = ThreadPoolExecutor(1, initializer=_be_nice, initargs=(niceness,))

    def do(self, work: Callable[[], T]) -> Future[T]:
        """Begin with some work.

        Returns:
            What it comes to: `result()` waits for it, and raises what it raised.
        """
        try:
            return self._pool.submit(work)
        except RuntimeError:  # the main thread has ended: no pool takes work, yet others may go on
            done: Future[T] = Future()
            done.set_result(work())
            return done
