"""Noise that depends only on the window and the seed."""

from collections.abc import Hashable, Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray


class SeededNoise:
    """Standard normal noise with a separate stream for each window.

    It is drawn on the host, so that a seed means the same on every engine and device. It is drawn
    window by window, so that a window's noise does not depend on its batch.

    Args:
        seeds: one for each of B windows.
        hypotheses: H, the number per window.
        shape: (27, 17), frames and joints.
    """

    def __init__(self, seeds: Sequence[int], hypotheses: int, shape: tuple[int, ...]) -> None:
        self._generators = [_generator(seed) for seed in seeds]
        self._shape = (hypotheses, *shape, 3)

    def __call__(self) -> NDArray[np.float32]:
        """(B·H, 27, 17, 3)."""
        return np.concatenate(
            [each.standard_normal(self._shape, np.float32) for each in self._generators]
        )


def fill_with_noise(buffer: NDArray[np.float32], seeds: Sequence[int]) -> None:
    """Write the first K draws of `SeededNoise` into (B, K, H, 27, 17, 3)."""
    for window, seed in zip(buffer, seeds, strict=True):
        generator = _generator(seed)
        for draw in window:
            generator.standard_normal(dtype=np.float32, out=draw)


def _generator(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed % 2**64))  # PCG64 takes no negative seeds


def noise_seed(seed: int, person: Hashable, stamp: int) -> int:
    """The seed for one person's window, the same on every machine."""
    text = f"{seed} {person!r} {int(stamp)}".encode()
    return int.from_bytes(blake2b(text, digest_size=7).digest(), "big")
