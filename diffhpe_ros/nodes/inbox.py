"""Between ROS callbacks, which must return at once, and the thread that does the work."""

import threading
from collections import deque
from collections.abc import Hashable
from typing import Any, Protocol

MAX_SENDERS = 64
"""Keys of a `LatestQueue`; beyond, the one that waits longest gives way."""


class Queue(Protocol):
    """Takes messages in one thread and gives them out in another."""

    dropped: int
    """Messages that were never given out."""

    @property
    def waiting(self) -> int:
        """Messages not yet given out."""

    def put(self, message: Any, key: Hashable = None) -> None:
        """Leave a message; `key` says which stream it belongs to. Never waits."""

    def take(self) -> list[Any] | None:
        """Wait for messages, then give those that are to be processed together.

        None once the inbox is closed.
        """

    def close(self) -> None:
        """End: drop what waits and wake up who takes."""


class LatestQueue:
    """Keeps the newest message of each stream: the live mode, in which nothing queues."""

    def __init__(self) -> None:
        self.dropped = 0
        self._messages: dict[Hashable, Any] = {}
        self._open = True
        self._changed = threading.Condition()

    @property
    def waiting(self) -> int:
        """Messages not yet given out."""
        return len(self._messages)

    def put(self, message: Any, key: Hashable = None) -> None:
        """Leave a message in the place of the one before it."""
        with self._changed:
            if key in self._messages:
                self.dropped += 1
            elif len(self._messages) >= MAX_SENDERS:
                self.dropped += 1
                del self._messages[next(iter(self._messages))]
            if self._open:
                self._messages[key] = message
            self._changed.notify()

    def take(self) -> list[Any] | None:
        """Wait for messages, then give the newest of each stream; None once closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._messages or not self._open)
            messages, self._messages = list(self._messages.values()), {}
            return messages if self._open else None

    def close(self) -> None:
        """End: drop what waits and wake up who takes."""
        with self._changed:
            self._open = False
            self._messages.clear()
            self._changed.notify_all()


class FifoQueue:
    """Keeps every message, one at a time in the order of arrival: the replay mode."""

    def __init__(self) -> None:
        self.dropped = 0
        self._messages: deque[Any] = deque()
        self._open = True
        self._changed = threading.Condition()

    @property
    def waiting(self) -> int:
        """Messages not yet given out."""
        return len(self._messages)

    def put(self, message: Any, key: Hashable = None) -> None:
        """Leave a message behind the others."""
        with self._changed:
            if self._open:
                self._messages.append(message)
            self._changed.notify()

    def take(self) -> list[Any] | None:
        """Wait for a message, then give the oldest alone; None once closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._messages or not self._open)
            return [self._messages.popleft()] if self._open else None

    def close(self) -> None:
        """End: drop what waits, counting it, and wake up who takes."""
        with self._changed:
            self._open = False
            self.dropped += len(self._messages)
            self._messages.clear()
            self._changed.notify_all()
