"""The batches of a source, one after the other."""

import itertools
from collections.abc import Callable, Iterator
from typing import Protocol

from torch import Tensor
from torch.utils.data import IterableDataset


class Numbered(Protocol):
    """What gives a batch for a number."""

    def batch(self, index: int) -> tuple[Tensor, Tensor]:
        """Batch number `index`: x_2d and poses."""


class Batches(IterableDataset[tuple[Tensor, Tensor]]):
    """Endless batches of a source.

    Args:
        source: of the batches.
        first: tells the number of the first batch, so that a resumed training goes on.
    """

    def __init__(self, source: Numbered, first: Callable[[], int]) -> None:
        self.source = source
        self.first = first

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Batches from the first one on."""
        return (self.source.batch(index) for index in itertools.count(self.first()))
