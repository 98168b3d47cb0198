"""Replays of several cameras: the order of messages depends only on their stamps."""

import random
import threading

import pytest

from diffhpe_ros.nodes.stamp_order import StampOrderQueue

Message = tuple[int, str]
PATIENCE_S = 20.0


def queue(streams: int, silent_s: float = PATIENCE_S) -> StampOrderQueue:
    return StampOrderQueue(streams, lambda message: message[0], silent_s)


@pytest.mark.parametrize("seed", range(4))
def test_order_does_not_depend_on_how_fast_each_camera_is(seed: int) -> None:
    left = [(stamp, "left") for stamp in range(0, 300, 33)]
    right = [(stamp, "right") for stamp in range(0, 300, 50)]
    arriving, rest = [], [left.copy(), right.copy()]
    rng = random.Random(seed)
    while any(rest):
        arriving.append(rng.choice([each for each in rest if each]).pop(0))
    waiting, taken = queue(2, silent_s=0.2), list[Message]()

    def take() -> None:
        for _ in arriving:
            messages = waiting.take()
            assert messages is not None
            taken.extend(messages)

    thread = threading.Thread(target=take)
    thread.start()
    for message in arriving:
        waiting.put(message, message[1])
    thread.join(PATIENCE_S)
    assert taken == sorted([*left, *right])


def test_camera_that_is_behind_is_waited_for() -> None:
    waiting = queue(2)
    waiting.put((10, "left"), "left")
    waiting.put((20, "left"), "left")
    late = threading.Timer(0.1, lambda: waiting.put((15, "right"), "right"))
    late.start()
    assert waiting.take() == [(10, "left")]
    assert waiting.take() == [(15, "right")]
    assert waiting.waiting == 1


def test_rest_is_taken_when_nothing_comes_any_more() -> None:
    waiting = queue(3, silent_s=0.05)
    waiting.put((20, "left"), "left")
    waiting.put((10, "right"), "right")
    assert waiting.take() == [(10, "right")]
    assert waiting.take() == [(20, "left")]


def test_close_unblocks_and_counts_what_is_dropped() -> None:
    waiting = queue(2)
    waiting.put((20, "left"), "left")
    threading.Timer(0.1, waiting.close).start()
    assert waiting.take() is None
    assert waiting.dropped == 1
    waiting.put((30, "left"), "left")
    assert waiting.waiting == 0
