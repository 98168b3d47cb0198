"""Sorts the messages of several streams by their stamps, for a replay."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Hashable
from typing import Any

SILENT_S = 10.0
"""After this long without any message, the queue stops waiting for missing streams."""


class StampOrderQueue:
    """A `Queue` that passes on a message once all streams have reached its stamp.

    Each stream's messages arrive in the order of their stamps, but the streams progress at the
    speed of their senders. Here the order depends only on the stamps, and on the streams' names
    where stamps are equal.

    Args:
        streams: number of streams; nothing is passed on before each has sent a message.
        stamp_of: returns a message's stamp.
        silent_s: see `SILENT_S`.
    """

    def __init__(
        self, streams: int, stamp_of: Callable[[Any], int], silent_s: float = SILENT_S
    ) -> None:
        self.dropped = 0
        self._expected = streams
        self._stamp_of = stamp_of
        self._silent_s = silent_s
        self._messages: dict[Hashable, deque[tuple[int, Any]]] = {}
        self._newest: dict[Hashable, int] = {}
        self._put_at = time.monotonic()
        self._open, self._woken = True, False
        self._changed = threading.Condition()

    @property
    def waiting(self) -> int:
        """Messages in the queue."""
        return sum(map(len, list(self._messages.values())))

    def put(self, message: Any, stream: Hashable = None) -> None:
        """Add a message behind the others of its stream."""
        with self._changed:
            if self._open:
                stamp = self._stamp_of(message)
                self._messages.setdefault(stream, deque()).append((stamp, message))
                self._newest[stream] = stamp
                self._put_at = time.monotonic()
            self._changed.notify()

    def take(self) -> list[Any] | None:
        """Block until the earliest message is certain, then return it; none after `wake`."""
        with self._changed:
            while self._open and not self._woken:
                first = self._first()
                if first is not None and (self._is_earliest(*first) or self._silence_s() <= 0):
                    return [self._messages[first[1]].popleft()[1]]
                self._changed.wait(None if first is None else self._silence_s())
            self._woken = False
            return [] if self._open else None

    def wake(self) -> None:
        """Unblock `take` once."""
        with self._changed:
            self._woken = True
            self._changed.notify()

    def close(self) -> None:
        """Drop all messages, count them as dropped, and unblock `take`."""
        with self._changed:
            self._open = False
            self.dropped += self.waiting
            self._messages.clear()
            self._changed.notify_all()

    def _first(self) -> tuple[int, Hashable] | None:
        """Stamp and stream of the earliest message in the queue."""
        heads = [(each[0][0], stream) for stream, each in self._messages.items() if each]
        return min(heads, key=lambda head: (head[0], str(head[1])), default=None)

    def _is_earliest(self, stamp: int, stream: Hashable) -> bool:
        """Whether no stream can send an earlier message."""
        if len(self._messages) < self._expected:
            return False
        return all(
            bool(waiting) or self._newest[other] >= stamp
            for other, waiting in self._messages.items()
            if other != stream
        )

    def _silence_s(self) -> float:
        """Seconds left until missing messages are no longer waited for."""
        return max(0.0, self._put_at + self._silent_s - time.monotonic())
