"""The batches of a source, one after the other, shared out over several processes."""

import itertools
from collections.abc import Callable, Iterator
from typing import NamedTuple

from torch import Tensor
from torch.utils.data import IterableDataset

from diffhpe_ros.training.datasets.sources import WindowSource


class BatchPosition(NamedTuple):
    """Where a training begins or goes on, and which of its processes asks."""

    step: int
    rank: int = 0
    world_size: int = 1


class Batches(IterableDataset[tuple[Tensor, Tensor]]):
    """Endless batches of a source: process r of w takes number k*w + r at step k.

    Args:
        source: of the batches.
        where: tells the place when the first batch is asked for, so that a resumed training goes
            on with the batch that comes next, and each process knows its number.
    """

    def __init__(self, source: WindowSource, where: Callable[[], BatchPosition]) -> None:
        self.source = source
        self.where = where

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Batches from the place on."""
        step, rank, world_size = self.where()
        numbers = itertools.count(step * world_size + rank, world_size)
        return (self.source.batch(index) for index in numbers)
