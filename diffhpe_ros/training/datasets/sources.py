"""Where training windows come from, and sources that change what another one gives."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Generator, Tensor

from diffhpe_ros.lifting.pipeline.views import View, turn_points
from diffhpe_ros.training.synthesis.occlusions import Occlusion, occlude

OCCLUSIONS, EPOCHS, WINDOWS, DRAWS, DROPOUT, TRACKS, VALIDATION = range(1, 8)
"""Streams of random numbers that have nothing to do with each other, whatever the seed."""


def generator_of(device: torch.device | str, stream: int, seed: int, index: int) -> Generator:
    """A generator that depends on all the numbers.

    They are mixed, since torch's generator on the CPU looks at the last 32 bits of a seed alone.
    """
    mixed = np.random.SeedSequence((stream, seed, index)).generate_state(1)
    return Generator(device).manual_seed(int(mixed[0]))


class WindowSource(Protocol):
    """Numbered batches; a batch depends on the seed and its number alone."""

    @property
    def batches_per_epoch(self) -> int | None:
        """How many batches show every recording once; None where there is no end."""

    def batch(self, index: int) -> tuple[Tensor, Tensor]:
        """Batch number `index`.

        Returns:
            x_2d (B, L, 17, 2) in the model's input view, (0, 0) where unseen, and poses
            (B, L, 17, 3), root-relative metres in that view.
        """


@dataclass(frozen=True)
class Occluded:
    """A source some of whose joints are hidden from the model.

    Args:
        source: gives the windows.
        pattern: what is hidden.
        seed: of the pattern, again different for each batch.
        view: the model's; it is entered again, since it may turn by what is seen.
    """

    source: WindowSource
    pattern: Occlusion
    seed: int
    view: View

    @property
    def batches_per_epoch(self) -> int | None:
        """As many as the source has."""
        return self.source.batches_per_epoch

    def batch(self, index: int) -> tuple[Tensor, Tensor]:
        """The source's batch, occluded joints at (0, 0); the poses are whole."""
        x_2d, poses = self.source.batch(index)
        generator = generator_of(x_2d.device, OCCLUSIONS, self.seed, index)
        x_2d, rotation = self.view.to_model_view(occlude(x_2d, self.pattern, generator))
        return x_2d, turn_points(poses, rotation)
