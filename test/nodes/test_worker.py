"""Live, the newest message wins; in replay every message is processed."""

import threading
from collections.abc import Iterator

import pytest

from diffhpe_ros.nodes.stamp_order import StampOrderQueue
from diffhpe_ros.nodes.worker import MAX_STREAMS, FifoQueue, LatestQueue, Queue, Worker

PATIENCE_S = 20


class SlowProcess:
    """A worker that finishes a message only when the test allows it."""

    def __init__(self) -> None:
        self.done: list[object] = []
        self.busy = threading.Semaphore(0)
        self.allowed = threading.Semaphore(0)
        self.worker = Worker(self._process, "slow")

    def _process(self, messages: list[object]) -> None:
        self.busy.release()
        assert self.allowed.acquire(timeout=PATIENCE_S)
        self.done.extend(messages)

    def wait_until_busy(self) -> None:
        """Wait until the next message is being processed."""
        assert self.busy.acquire(timeout=PATIENCE_S)


@pytest.fixture
def slow() -> Iterator[SlowProcess]:
    slow = SlowProcess()
    yield slow
    slow.allowed.release(100)
    slow.worker.stop()


def test_slow_worker_gets_the_newest_message(slow: SlowProcess) -> None:
    slow.worker.start(LatestQueue())
    slow.worker.put(0)
    slow.wait_until_busy()
    for number in range(1, 10):
        slow.worker.put(number)
    slow.allowed.release(2)
    slow.wait_until_busy()
    slow.worker.stop()
    assert slow.done == [0, 9]
    assert slow.worker.dropped == 8


def test_replay_worker_gets_every_message(slow: SlowProcess) -> None:
    slow.worker.start(FifoQueue())
    for number in range(3):
        slow.worker.put(number)
    slow.allowed.release(3)
    for _ in range(3):
        slow.wait_until_busy()
    slow.worker.stop()
    assert slow.done == [0, 1, 2]
    assert slow.worker.dropped == 0


def test_worker_can_be_stopped_and_started_again(slow: SlowProcess) -> None:
    slow.worker.put("too early")
    for _ in range(2):
        slow.worker.start(FifoQueue())
        assert slow.worker.is_running
        assert [each.name for each in threading.enumerate()].count("slow") == 1
        slow.worker.stop()
        assert not slow.worker.is_running
        assert "slow" not in [each.name for each in threading.enumerate()]
    slow.worker.put("too late")
    assert (slow.done, slow.worker.waiting) == ([], 0)


def test_actions_run_between_two_messages(slow: SlowProcess) -> None:
    slow.worker.start(FifoQueue())
    slow.worker.put(1)
    slow.worker.put(2)
    slow.wait_until_busy()
    slow.worker.call_between_messages(lambda: slow.done.append("between"))
    assert slow.done == []
    slow.allowed.release(2)
    slow.wait_until_busy()
    slow.worker.call_between_messages(lambda: slow.done.append("at the end"))
    slow.worker.stop()
    assert slow.done == [1, "between", 2, "at the end"]


@pytest.mark.parametrize(
    "queue",
    [LatestQueue(), FifoQueue(), StampOrderQueue(2, int)],
    ids=lambda each: type(each).__name__,
)
def test_actions_do_not_wait_for_a_message(slow: SlowProcess, queue: Queue) -> None:
    done = threading.Event()
    slow.worker.start(queue)
    slow.worker.call_between_messages(done.set)
    assert done.wait(PATIENCE_S)
    assert slow.done == []


def test_actions_run_at_once_while_the_worker_is_stopped(slow: SlowProcess) -> None:
    slow.worker.call_between_messages(lambda: slow.done.append("now"))
    assert slow.done == ["now"]


def test_latest_queue_keeps_the_newest_of_each_stream_and_counts_the_others() -> None:
    queue = LatestQueue()
    for number in range(5):
        queue.put(f"left {number}", "left")
    queue.put("right 0", "right")
    assert queue.waiting == 2
    assert queue.take() == ["left 4", "right 0"]
    assert (queue.dropped, queue.waiting) == (4, 0)


def test_latest_queue_is_bounded_for_any_number_of_streams() -> None:
    queue = LatestQueue()
    for number in range(10 * MAX_STREAMS):
        queue.put(number, number)
    assert queue.waiting == MAX_STREAMS
    assert queue.dropped == 9 * MAX_STREAMS


def test_fifo_queue_gives_every_message_alone_and_in_order() -> None:
    queue = FifoQueue()
    for number in range(3):
        queue.put(number)
    assert [queue.take() for _ in range(3)] == [[0], [1], [2]]
    assert queue.dropped == 0


def test_closed_queues_ignore_messages() -> None:
    for queue in (LatestQueue(), FifoQueue()):
        queue.put(1)
        queue.close()
        queue.put(2)
        assert queue.take() is None
        assert queue.waiting == 0
