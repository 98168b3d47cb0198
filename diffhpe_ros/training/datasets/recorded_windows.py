"""Training batches from recorded sequences."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting.pipeline.views import turn_points, view
from diffhpe_ros.training.datasets.recordings import FRAMES, RecordedSequence
from diffhpe_ros.training.mirroring import mirror
from diffhpe_ros.training.random_streams import EPOCHS, generator_of


class RecordedWindows:
    """Training batches from recorded sequences (a `WindowSource`).

    As in the released code, an epoch visits each recording ⌊T/27⌋ times, each time at a random
    start, in random order. Its last batch may be smaller.

    Args:
        recordings: with `x_2d` for the same input view.
        batch_size: windows in a batch.
        seed: seed of all random choices.
        input_view: the model's, screen or person.
        mirrored: whether half of the windows are mirrored.
        device: stores the recordings and computes the batches.
        frames: window length.

    Raises:
        DiffhpeError: no recording is long enough for a window, or there is no such view.
    """

    def __init__(
        self,
        recordings: Sequence[RecordedSequence],
        batch_size: int,
        seed: int,
        input_view: str,
        mirrored: bool = False,
        device: torch.device | str = "cpu",
        frames: int = FRAMES,
    ) -> None:
        self.batch_size = batch_size
        self.seed = seed
        self.view = view(input_view)
        self.mirrored = mirrored
        self.frames = frames
        self.epoch_windows = _EpochWindows(recordings, frames)
        self.x_2d = torch.from_numpy(np.concatenate([one.x_2d for one in recordings])).to(device)
        self.poses = torch.from_numpy(np.concatenate([one.poses for one in recordings])).to(device)
        self._last: tuple[int, Tensor, Tensor] | None = None

    @property
    def batches_per_epoch(self) -> int:
        """Batches in one epoch."""
        return -(-len(self.epoch_windows) // self.batch_size)

    def batch(self, index: int) -> tuple[Tensor, Tensor]:
        """Batch number `index`: x_2d (B, 27, 17, 2) and poses (B, 27, 17, 3) in the input view."""
        epoch, number = divmod(index, self.batches_per_epoch)
        starts, is_mirrored = self._drawn(epoch)
        here = slice(number * self.batch_size, (number + 1) * self.batch_size)
        at = starts[here, None] + torch.arange(self.frames)
        at = at.to(self.x_2d.device)
        x_2d, poses = self.x_2d[at], self.poses[at]
        if self.mirrored:
            flipped = is_mirrored[here, None, None, None].to(x_2d.device)
            x_2d = torch.where(flipped, mirror(x_2d), x_2d)
            poses = torch.where(flipped, mirror(poses), poses)
        x_2d, rotation = self.view.to_model_view(x_2d)
        return x_2d, turn_points(poses, rotation)

    def _drawn(self, epoch: int) -> tuple[Tensor, Tensor]:
        """Start (V,) of each window of an epoch, and whether it is mirrored (V,)."""
        if self._last is None or self._last[0] != epoch:
            self._last = (epoch, *self._draw(epoch))
        return self._last[1:]

    def _draw(self, epoch: int) -> tuple[Tensor, Tensor]:
        generator = generator_of("cpu", EPOCHS, self.seed, epoch)
        count = len(self.epoch_windows)
        starts = self.epoch_windows.starts(
            torch.rand(count, generator=generator, dtype=torch.float64)
        )
        order = torch.randperm(count, generator=generator)
        return starts[order], torch.rand(count, generator=generator) < 0.5


class _EpochWindows:
    """The possible starts of each window of an epoch."""

    def __init__(self, recordings: Sequence[RecordedSequence], frames: int) -> None:
        possible, first = [], 0
        visits = []
        for recording in recordings:
            possible.append(first + _starts(recording.valid, frames))
            visits.append(int(recording.valid.sum()) // frames if len(possible[-1]) else 0)
            first += len(recording.valid)
        if not sum(visits):
            raise DiffhpeError(
                f"{len(recordings)} recordings have no {frames} valid frames in a row to train on"
            )
        counts = [len(starts) for starts in possible]
        offsets = np.cumsum([0, *counts[:-1]])
        self._possible = torch.from_numpy(np.concatenate(possible))
        self._count = torch.from_numpy(np.repeat(counts, visits))
        self._offset = torch.from_numpy(np.repeat(offsets, visits))

    def __len__(self) -> int:
        return len(self._count)

    def starts(self, share: Tensor) -> Tensor:
        """(V,), uniform in [0, 1) → first frame (V,) of each window in all recordings."""
        return self._possible[self._offset + (share * self._count).long()]


def _starts(valid: NDArray[np.bool_], frames: int) -> NDArray[np.int64]:
    """First frames of all windows without invalid frames."""
    before = np.concatenate([[0], np.cumsum(valid)])
    return np.flatnonzero(before[frames:] - before[:-frames] == frames)
