"""The thread in which a node works."""

import threading
from collections.abc import Iterator

import pytest

from diffhpe_ros.nodes.work import Worker

PATIENCE_S = 20


class Slow:
    """Work that waits for leave to end each message."""

    def __init__(self) -> None:
        self.done: list[object] = []
        self.busy = threading.Semaphore(0)
        self.leave = threading.Semaphore(0)
        self.work = Worker(self._process, "slow")

    def _process(self, messages: list[object]) -> None:
        self.busy.release()
        assert self.leave.acquire(timeout=PATIENCE_S)
        self.done.extend(messages)

    def is_busy(self) -> None:
        """Wait for the next message to be worked on."""
        assert self.busy.acquire(timeout=PATIENCE_S)


@pytest.fixture
def slow() -> Iterator[Slow]:
    slow = Slow()
    yield slow
    slow.leave.release(100)
    slow.work.end()


def test_who_is_slow_is_given_the_newest(slow: Slow) -> None:
    slow.work.begin(every=False)
    slow.work.put(0)
    slow.is_busy()
    for number in range(1, 10):
        slow.work.put(number)
    slow.leave.release(2)
    slow.is_busy()
    slow.work.end()
    assert slow.done == [0, 9]
    assert slow.work.dropped == 8


def test_or_every_message(slow: Slow) -> None:
    slow.work.begin(every=True)
    for number in range(3):
        slow.work.put(number)
    slow.leave.release(3)
    for _ in range(3):
        slow.is_busy()
    slow.work.end()
    assert slow.done == [0, 1, 2]
    assert slow.work.dropped == 0


def test_it_ends_and_begins_again(slow: Slow) -> None:
    slow.work.put("too early")
    for _ in range(2):
        slow.work.begin(every=True)
        assert slow.work.is_running
        assert [each.name for each in threading.enumerate()].count("slow") == 1
        slow.work.end()
        assert not slow.work.is_running
        assert "slow" not in [each.name for each in threading.enumerate()]
    slow.work.put("too late")
    assert (slow.done, slow.work.waiting) == ([], 0)


def test_other_things_are_done_between_two_messages(slow: Slow) -> None:
    slow.work.begin(every=True)
    slow.work.put(1)
    slow.work.put(2)
    slow.is_busy()
    slow.work.call_between_messages(lambda: slow.done.append("between"))
    assert slow.done == []
    slow.leave.release(2)
    slow.is_busy()
    slow.work.call_between_messages(lambda: slow.done.append("at the end"))
    slow.work.end()
    assert slow.done == [1, "between", 2, "at the end"]


def test_and_at_once_where_no_work_goes_on(slow: Slow) -> None:
    slow.work.call_between_messages(lambda: slow.done.append("now"))
    assert slow.done == ["now"]
