"""The thread in which a node works on what it hears."""

import threading
from collections import deque
from collections.abc import Callable, Hashable
from typing import Any

from diffhpe_ros.nodes.inbox import FifoQueue, LatestQueue, Queue


class Worker:
    """One thread that works on messages while it goes on, and does other things between two.

    Args:
        process: called with messages that are to be worked on together; must not raise.
        name: of the thread.
    """

    def __init__(self, process: Callable[[list[Any]], None], name: str) -> None:
        self._process = process
        self._name = name
        self._inbox: Queue = LatestQueue()
        self._thread: threading.Thread | None = None
        self._actions: deque[Callable[[], None]] = deque()

    @property
    def is_running(self) -> bool:
        """Whether it has begun and has not ended."""
        return self._thread is not None

    @property
    def dropped(self) -> int:
        """Messages that were never worked on, since the beginning."""
        return self._inbox.dropped

    @property
    def waiting(self) -> int:
        """Messages not yet worked on."""
        return self._inbox.waiting

    def begin(self, every: bool) -> None:
        """Start the thread.

        Args:
            every: work on every message, in their order; else on the newest of each sender.
        """
        self._inbox = FifoQueue() if every else LatestQueue()
        self._thread = threading.Thread(target=self._run, name=self._name)
        self._thread.start()

    def put(self, message: Any, key: Hashable = None) -> None:
        """Leave a message of a sender. Never waits; nothing happens where no work goes on."""
        if self.is_running:
            self._inbox.put(message, key)

    def call_between_messages(self, action: Callable[[], None]) -> None:
        """Do something in the thread before the next message; at once if no work goes on."""
        self._actions.append(action)
        if not self.is_running:
            self._act()

    def end(self) -> None:
        """Wait for the thread to end what it is at, drop what waits, and do what is left to do."""
        if self._thread is None:
            return
        self._inbox.close()
        self._thread.join()
        self._thread = None
        self._act()

    def _run(self) -> None:
        while (messages := self._inbox.take()) is not None:
            self._act()
            self._process(messages)

    def _act(self) -> None:
        while self._actions:
            self._actions.popleft()()
