"""Live, the newest message wins; in replay, every message counts."""

import threading
import time

from diffhpe_ros.nodes.health import Health
from diffhpe_ros.nodes.inbox import MAX_SENDERS, EveryInbox, NewestInbox, Worker


def test_the_newest_of_each_stream_wins_and_the_others_are_counted() -> None:
    inbox = NewestInbox()
    for number in range(5):
        inbox.put(f"left {number}", "left")
    inbox.put("right 0", "right")
    assert inbox.waiting == 2
    assert inbox.take() == ["left 4", "right 0"]
    assert (inbox.dropped, inbox.waiting) == (4, 0)


def test_senders_without_number_do_not_fill_the_memory() -> None:
    inbox = NewestInbox()
    for number in range(10 * MAX_SENDERS):
        inbox.put(number, number)
    assert inbox.waiting == MAX_SENDERS
    assert inbox.dropped == 9 * MAX_SENDERS


def test_in_replay_every_message_comes_alone_and_in_order() -> None:
    inbox = EveryInbox()
    for number in range(3):
        inbox.put(number)
    assert [inbox.take() for _ in range(3)] == [[0], [1], [2]]
    assert inbox.dropped == 0


def test_a_slow_worker_is_given_the_newest_and_ends_when_stopped() -> None:
    inbox, seen = NewestInbox(), []
    busy, go_on = threading.Event(), threading.Event()

    def work(messages: list[int]) -> None:
        seen.extend(messages)
        busy.set()
        go_on.wait(5)

    worker = Worker(inbox, work, "slow")
    inbox.put(0)
    assert busy.wait(5)
    for number in range(1, 10):
        inbox.put(number)
    go_on.set()
    deadline = time.monotonic() + 5
    while len(seen) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    worker.stop()
    assert seen == [0, 9]
    assert inbox.dropped == 8
    assert not [thread for thread in threading.enumerate() if thread.name == "slow"]


def test_what_comes_after_the_end_is_ignored() -> None:
    for inbox in (NewestInbox(), EveryInbox()):
        inbox.put(1)
        inbox.close()
        inbox.put(2)
        assert inbox.take() is None
        assert inbox.waiting == 0


def test_health_forgets_errors_but_not_warnings() -> None:
    health = Health()
    health.error("broken")
    health.warn("camera", "uncalibrated")
    health.count("images", 2)
    health.time("lift", 0.01)
    first, second = health.report(), health.report()
    assert first.errors == ("broken",) and not second.errors
    assert first.warnings == second.warnings == ("uncalibrated",)
    assert second.values == {"images": 2, "lift_ms_p50": 10.0, "lift_ms_p95": 10.0}
    health.clear("camera")
    assert not health.report().warnings
