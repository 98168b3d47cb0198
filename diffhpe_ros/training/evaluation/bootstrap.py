"""Confidence intervals from a bootstrap over sequences."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Interval = tuple[float, float]


def intervals_over_sequences(
    values: Mapping[str, NDArray[Any]],
    sequences: NDArray[Any],
    level: float = 0.95,
    draws: int = 2000,
    seed: int = 0,
) -> dict[str, Interval]:
    """Percentile bootstrap of means; whole sequences are drawn with replacement.

    Windows and views of one sequence are correlated: drawn one by one, they would make the
    intervals too narrow.

    Args:
        values: name → (N,), one per window.
        sequences: (N,), equal for windows of one sequence.
        level: confidence level of the intervals.
        draws: number of resampled data sets.
        seed: seed of the draws, which are the same for all names.

    Returns:
        name → (low, high); empty with fewer than two sequences.
    """
    names, sequence = np.unique(sequences, return_inverse=True)
    if len(names) < 2:
        return {}
    windows = np.bincount(sequence)
    generator = np.random.default_rng(seed)
    times = generator.multinomial(len(names), np.full(len(names), 1 / len(names)), draws)
    tails = (50 * (1 - level), 50 * (1 + level))
    intervals = {}
    for name, value in values.items():
        means = times @ np.bincount(sequence, value) / (times @ windows)
        low, high = np.percentile(means, tails)
        intervals[name] = (float(low), float(high))
    return intervals
