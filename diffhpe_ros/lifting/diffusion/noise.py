"""Noise that depends on a window and the seed alone."""

from collections.abc import Hashable, Sequence
from hashlib import blake2b

import torch
from torch import Tensor


class SeededNoise:
    """Standard normal noise of which each window has a stream of its own.

    Drawn on the CPU, so that a seed means the same on every device, and window by window, so that
    a window's noise does not depend on the batch it is in.
    """

    def __init__(
        self,
        seeds: Sequence[int],
        hypotheses: int,
        shape: tuple[int, ...],
        device: torch.device,
    ) -> None:
        self._generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        self._shape = (hypotheses, *shape, 3)
        self._device = device

    def __call__(self) -> Tensor:
        """(B·H, 27, 17, 3)."""
        draws = [torch.randn(self._shape, generator=each) for each in self._generators]
        return torch.cat(draws).to(self._device)


def fill_with_noise(buffer: Tensor, seeds: Sequence[int]) -> None:
    """Write what `SeededNoise` gives at its first K calls into (B, K, H, 27, 17, 3) on the CPU."""
    for window, seed in zip(buffer, seeds, strict=True):
        generator = torch.Generator().manual_seed(seed)
        for draw in window:
            torch.randn(draw.shape, generator=generator, out=draw)


def antithetic(noise: Tensor, hypotheses: int) -> Tensor:
    """Noise (B·H, ...) in which every second hypothesis has that of the one before, negated.

    What it does to the mean of a pair cancels but for what is not linear, so that a few hypotheses
    have the mean of many.
    """
    by_window = noise.unflatten(0, (-1, hypotheses)).clone()
    paired = hypotheses // 2 * 2
    by_window[:, 1:paired:2] = -by_window[:, 0:paired:2]
    return by_window.flatten(0, 1)


def noise_seed(seed: int, person: Hashable, stamp: int) -> int:
    """The seed of one person's window, the same on every machine."""
    text = f"{seed} {person!r} {int(stamp)}".encode()
    return int.from_bytes(blake2b(text, digest_size=7).digest(), "big")
