"""Times of alternating actions, and their spread."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_REPEATS = 50
"""Most repeats of a short action in one turn."""


@dataclass(frozen=True)
class Spread:
    """The spread of repeated measurements."""

    median: float
    low: float
    high: float
    """`low` and `high` are the least and the greatest value."""

    @classmethod
    def of(cls, values: NDArray[Any]) -> "Spread":
        """The spread of values (N,)."""
        return cls(float(np.median(values)), float(np.min(values)), float(np.max(values)))


def median_ms(actions: Sequence[Callable[[], object]], repeats: int) -> list[float]:
    """Median milliseconds of each action; alternating, so that a drift affects all of them."""
    return [float(median) for median in np.median(in_turn(actions, repeats), axis=0)]


def in_turn(
    actions: Sequence[Callable[[], object]], rounds: int, least_ms: float = 0.0
) -> NDArray[np.float64]:
    """Milliseconds (rounds, actions) of alternating actions, after one warm-up each.

    Args:
        actions: each returns when its work is done, also on a GPU.
        rounds: number of turns of each action.
        least_ms: a shorter action is repeated within its turn, and its median taken.
    """
    repeats = []
    for action in actions:
        action()  # warm up
        repeats.append(max(1, min(MOST_REPEATS, round(least_ms / max(_ms(action), 1e-3)))))
    turns = [
        [
            np.median([_ms(action) for _ in range(count)])
            for action, count in zip(actions, repeats, strict=True)
        ]
        for _ in range(rounds)
    ]
    return np.array(turns)


def _ms(action: Callable[[], object]) -> float:
    begin = time.perf_counter()
    action()
    return 1000 * (time.perf_counter() - begin)
