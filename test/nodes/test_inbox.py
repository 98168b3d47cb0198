"""Live, the newest message wins; in replay, every message counts."""

from diffhpe_ros.nodes.inbox import MAX_SENDERS, FifoQueue, LatestQueue


def test_the_newest_of_each_stream_wins_and_the_others_are_counted() -> None:
    inbox = LatestQueue()
    for number in range(5):
        inbox.put(f"left {number}", "left")
    inbox.put("right 0", "right")
    assert inbox.waiting == 2
    assert inbox.take() == ["left 4", "right 0"]
    assert (inbox.dropped, inbox.waiting) == (4, 0)


def test_senders_without_number_do_not_fill_the_memory() -> None:
    inbox = LatestQueue()
    for number in range(10 * MAX_SENDERS):
        inbox.put(number, number)
    assert inbox.waiting == MAX_SENDERS
    assert inbox.dropped == 9 * MAX_SENDERS


def test_in_replay_every_message_comes_alone_and_in_order() -> None:
    inbox = FifoQueue()
    for number in range(3):
        inbox.put(number)
    assert [inbox.take() for _ in range(3)] == [[0], [1], [2]]
    assert inbox.dropped == 0


def test_what_comes_after_the_end_is_ignored() -> None:
    for inbox in (LatestQueue(), FifoQueue()):
        inbox.put(1)
        inbox.close()
        inbox.put(2)
        assert inbox.take() is None
        assert inbox.waiting == 0
