"""The thread that processes a node's messages, and the queues that feed it.

ROS callbacks must return at once, so they only put messages into a queue. Live, the newest message
of each stream wins; in replay every message is processed, in order of arrival.
"""

import threading
from collections import deque
from collections.abc import Callable, Hashable
from typing import Any, Protocol

MAX_STREAMS = 64
"""Most streams in a `LatestQueue`; beyond, the message that has waited longest is dropped."""


class Queue(Protocol):
    """Passes messages from the callback thread to the worker's thread."""

    dropped: int
    """Messages that were never processed."""

    @property
    def waiting(self) -> int:
        """Messages in the queue."""

    def put(self, message: Any, stream: Hashable = None) -> None:
        """Add a message of a stream. Never blocks."""

    def take(self) -> list[Any] | None:
        """Block until there are messages, then return those to be processed together.

        They may be none after `wake`. None once the queue is closed.
        """

    def wake(self) -> None:
        """Unblock `take` once."""

    def close(self) -> None:
        """Drop all messages and unblock `take`."""


class LatestQueue:
    """Keeps the newest message of each stream, for live use."""

    def __init__(self) -> None:
        self.dropped = 0
        self._messages: dict[Hashable, Any] = {}
        self._open, self._woken = True, False
        self._changed = threading.Condition()

    @property
    def waiting(self) -> int:
        """Messages in the queue."""
        return len(self._messages)

    def put(self, message: Any, stream: Hashable = None) -> None:
        """Add a message; it replaces an older one of the same stream."""
        with self._changed:
            if stream in self._messages:
                self.dropped += 1
            elif len(self._messages) >= MAX_STREAMS:
                self.dropped += 1
                del self._messages[next(iter(self._messages))]
            if self._open:
                self._messages[stream] = message
            self._changed.notify()

    def take(self) -> list[Any] | None:
        """Block until there are messages, then return the newest of each stream."""
        with self._changed:
            self._changed.wait_for(lambda: self._messages or self._woken or not self._open)
            messages, self._messages, self._woken = list(self._messages.values()), {}, False
            return messages if self._open else None

    def wake(self) -> None:
        """Unblock `take` once."""
        with self._changed:
            self._woken = True
            self._changed.notify()

    def close(self) -> None:
        """Drop all messages and unblock `take`."""
        with self._changed:
            self._open = False
            self._messages.clear()
            self._changed.notify_all()


class FifoQueue:
    """Keeps every message, for replay; each is processed alone."""

    def __init__(self) -> None:
        self.dropped = 0
        self._messages: deque[Any] = deque()
        self._open, self._woken = True, False
        self._changed = threading.Condition()

    @property
    def waiting(self) -> int:
        """Messages in the queue."""
        return len(self._messages)

    def put(self, message: Any, stream: Hashable = None) -> None:
        """Add a message behind the others."""
        with self._changed:
            if self._open:
                self._messages.append(message)
            self._changed.notify()

    def take(self) -> list[Any] | None:
        """Block until there is a message, then return the oldest."""
        with self._changed:
            self._changed.wait_for(lambda: self._messages or self._woken or not self._open)
            self._woken = False
            if not self._open:
                return None
            return [self._messages.popleft()] if self._messages else []

    def wake(self) -> None:
        """Unblock `take` once."""
        with self._changed:
            self._woken = True
            self._changed.notify()

    def close(self) -> None:
        """Drop all messages, count them as dropped, and unblock `take`."""
        with self._changed:
            self._open = False
            self.dropped += len(self._messages)
            self._messages.clear()
            self._changed.notify_all()


class Worker:
    """Processes messages in its own thread, and runs other actions between two messages.

    Args:
        process: called with messages to process together; must not raise.
        name: name of the thread.
    """

    def __init__(self, process: Callable[[list[Any]], None], name: str) -> None:
        self._process = process
        self._name = name
        self._queue: Queue = LatestQueue()
        self._thread: threading.Thread | None = None
        self._actions: deque[Callable[[], None]] = deque()

    @property
    def is_running(self) -> bool:
        """Whether the worker was started and not stopped."""
        return self._thread is not None

    @property
    def dropped(self) -> int:
        """Number of messages never processed since the last start."""
        return self._queue.dropped

    @property
    def waiting(self) -> int:
        """Messages in the queue."""
        return self._queue.waiting

    def start(self, queue: Queue) -> None:
        """Start the thread, which takes its messages from an empty queue."""
        self._queue = queue
        self._thread = threading.Thread(target=self._run, name=self._name)
        self._thread.start()

    def put(self, message: Any, stream: Hashable = None) -> None:
        """Queue a message of a stream. Never blocks; ignored while the worker is stopped."""
        if self.is_running:
            self._queue.put(message, stream)

    def call_between_messages(self, action: Callable[[], None]) -> None:
        """Run an action in the thread, after the message in progress; at once if it is stopped."""
        self._actions.append(action)
        if self.is_running:
            self._queue.wake()
        else:
            self._run_actions()

    def stop(self) -> None:
        """Finish the message in progress, drop those in the queue, run the remaining actions."""
        if self._thread is None:
            return
        self._queue.close()
        self._thread.join()
        self._thread = None
        self._run_actions()

    def _run(self) -> None:
        while (messages := self._queue.take()) is not None:
            self._run_actions()
            if messages:
                self._process(messages)

    def _run_actions(self) -> None:
        while self._actions:
            self._actions.popleft()()
