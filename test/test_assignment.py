"""Pairing, beside scipy's and by hand."""

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from diffhpe_ros.assignment import assign


def test_the_nearest_of_each_is_not_always_the_best_in_all() -> None:
    assert assign(np.array([[1.0, 2.0], [1.1, 9.0]])) == [(0, 1), (1, 0)]


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (4, 4), (3, 16), (16, 3), (16, 32), (0, 3)])
def test_pairs_cost_as_little_as_scipys(shape: tuple[int, int]) -> None:
    random = np.random.default_rng(0)
    for _ in range(50):
        cost = random.random(shape).clip(max=0.7)  # with ties, as the tracker's
        pairs = assign(cost)
        rows, columns = linear_sum_assignment(cost)
        assert len(pairs) == min(shape)
        assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == len(pairs)
        total = sum(cost[pair] for pair in pairs)
        assert total == pytest.approx(cost[rows, columns].sum(), abs=1e-9)


def test_without_ties_the_pairs_are_scipys() -> None:
    cost = np.random.default_rng(1).random((9, 12))
    rows, columns = linear_sum_assignment(cost)
    assert assign(cost) == list(zip(rows, columns, strict=True))
