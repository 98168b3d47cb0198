"""Pairing rows with columns at the least cost in all."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def assign(cost: NDArray[Any]) -> list[tuple[int, int]]:
    """The pairs (row, column) whose costs have the least sum, each row and column used once.

    The Hungarian method by shortest augmenting paths, O(rows² columns). scipy has one, too, but
    takes a second to import.

    Args:
        cost: (R, C) finite.

    Returns:
        min(R, C) pairs, rising by row.
    """
    if len(cost) > cost.shape[1]:
        return sorted((row, column) for column, row in assign(cost.T))
    # Column 0 stands for the row that is being added, whose path begins there.
    rows, columns = cost.shape
    row_of = np.full(columns + 1, -1)
    of_row, of_column = np.zeros(rows), np.zeros(columns + 1)
    for row in range(rows):
        row_of[0] = row
        _augment(cost, row_of, of_row, of_column)
    pairs = ((int(row_of[column]), column - 1) for column in range(1, columns + 1))
    return sorted((row, column) for row, column in pairs if row >= 0)


def _augment(
    cost: NDArray[Any],
    row_of: NDArray[np.int64],
    of_row: NDArray[np.float64],
    of_column: NDArray[np.float64],
) -> None:
    """Give a column to one more row, by the cheapest chain of exchanges.

    Args:
        cost: (R, C).
        row_of: (C + 1,) the row of each column, -1 where free; changed.
        of_row: (R,) dual prices; changed.
        of_column: (C + 1,) dual prices; changed.
    """
    distance = np.full(len(row_of), np.inf)
    before = np.zeros(len(row_of), np.int64)
    done = np.zeros(len(row_of), bool)
    column = 0
    while row_of[column] >= 0:
        done[column] = True
        row = row_of[column]
        reduced = np.append(np.inf, cost[row] - of_row[row] - of_column[1:])
        shorter = ~done & (reduced < distance)
        distance[shorter], before[shorter] = reduced[shorter], column
        nearest = int(np.argmin(np.where(done, np.inf, distance)))
        step = distance[nearest]
        of_row[row_of[done]] += step
        of_column[done] -= step
        distance[~done] -= step
        column = nearest
    while column:
        row_of[column] = row_of[before[column]]
        column = int(before[column])
