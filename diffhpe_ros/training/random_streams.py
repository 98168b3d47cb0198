"""Random numbers that depend only on a stream, the seed and an index."""

import numpy as np
import torch
from torch import Generator, Tensor

OCCLUSIONS, EPOCHS, WINDOWS, DRAWS, DROPOUT, TRACKS, VALIDATION, EVALUATION = range(1, 9)
"""Independent streams of random numbers, for every seed."""


def generator_of(device: torch.device | str, stream: int, seed: int, index: int) -> Generator:
    """A generator seeded by stream, seed and index.

    The three are hashed, since torch's CPU generator uses only the last 32 bits of a seed.
    """
    mixed = np.random.SeedSequence((stream, seed, index)).generate_state(1)
    return Generator(device).manual_seed(int(mixed[0]))


def uniform(shape: tuple[int, ...], low: float, high: float, generator: Generator) -> Tensor:
    """Uniform random numbers, on the generator's device."""
    return low + (high - low) * torch.rand(shape, generator=generator, device=generator.device)


def normal(shape: tuple[int, ...], generator: Generator) -> Tensor:
    """Standard normal random numbers, on the generator's device."""
    return torch.randn(shape, generator=generator, device=generator.device)
