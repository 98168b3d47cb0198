"""Numbered batches of training windows, and how they are divided among processes."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Protocol

from torch import Tensor
from torch.utils.data import IterableDataset


class WindowSource(Protocol):
    """Numbered batches; a batch depends only on the seed and its number."""

    @property
    def batches_per_epoch(self) -> int | None:
        """Batches in one pass over the recordings; None for endless sources."""

    def batch(self, index: int) -> tuple[Tensor, Tensor]:
        """Batch number `index`.

        Returns:
            x_2d (B, L, 17, 2) in the model's input view, (0, 0) where unseen, and poses
            (B, L, 17, 3), root-relative metres in that view.
        """


class InTurn:
    """Several endless sources that give batches in turn (a `WindowSource`)."""

    batches_per_epoch = None

    def __init__(self, sources: Sequence[WindowSource]) -> None:
        self.sources = sources

    def batch(self, index: int) -> tuple[Tensor, Tensor]:
        """See `WindowSource.batch`."""
        turn, source = divmod(index, len(self.sources))
        return self.sources[source].batch(turn)


class BatchPosition(NamedTuple):
    """The step at which a training begins or resumes, and the process of the training."""

    step: int
    rank: int = 0
    world_size: int = 1


class Batches(IterableDataset[tuple[Tensor, Tensor]]):
    """Endless batches of a source: process r of w takes number k*w + r at step k.

    Args:
        source: gives the batches.
        where: called when the first batch is requested. So a resumed training continues with its
            next batch, and each process has its rank.
    """

    def __init__(self, source: WindowSource, where: Callable[[], BatchPosition]) -> None:
        self.source = source
        self.where = where

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Batches from that position on."""
        step, rank, world_size = self.where()
        numbers = itertools.count(step * world_size + rank, world_size)
        return (self.source.batch(index) for index in numbers)
