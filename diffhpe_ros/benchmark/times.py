"""Medians of times that are taken in turn."""

import time
from collections.abc import Callable, Sequence

import numpy as np


def median_ms(actions: Sequence[Callable[[], object]], repeats: int) -> list[float]:
    """Median milliseconds of each action; in turn, so that a drift of the machine meets all."""
    for action in actions:
        action()  # warm up
    times = [[_ms(action) for action in actions] for _ in range(repeats)]
    return [float(median) for median in np.median(times, axis=0)]


def _ms(action: Callable[[], object]) -> float:
    begin = time.perf_counter()
    action()
    return 1000 * (time.perf_counter() - begin)
