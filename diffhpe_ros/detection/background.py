"""Work in a background thread."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def _be_nice(niceness: int) -> None:
    """Lower this thread's priority: on Linux it is per thread and inherited from the parent."""
    if niceness:
        thread = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + niceness)


class BackgroundWorker:
    """Runs tasks one after the other in a background thread.

    The thread is kept between tasks: on a busy computer, starting a new thread makes the caller
    wait. It ends when this object is released. At exit, the process waits for submitted tasks only.
    """

    def __init__(self, niceness: int = 0) -> None:
        """Start without a task.

        Args:
            niceness: added to the thread's niceness: with 1 to 19, other threads go first.
        """
        self._pool = ThreadPoolExecutor(1, initializer=_be_nice, initargs=(niceness,))

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """Start a task.

        Returns:
            The task's future: `result()` waits for it, and raises what the task raised.
        """
        try:
            return self._pool.submit(work)
        except RuntimeError:  # the main thread has ended: pools refuse work, but threads may go on
            done: Future[T] = Future()
            done.set_result(work())
            return done
