"""Diffusion steps as sines and cosines, the first part of the denoiser's step embedding."""

import numpy as np
from numpy.typing import NDArray

STEP_CHANNELS = 128


def step_table(steps: int) -> NDArray[np.float32]:
    """Zero-based steps → (steps, 128), sines before cosines.

    The arguments reach 490,000. The released weights were trained with frequencies and arguments
    rounded to float32 by torch, so they are rounded in the same way here.
    """
    half = STEP_CHANNELS // 2
    exponents = np.arange(half, dtype=np.float32) / np.float32(half - 1) * np.float32(4)
    frequencies = (10.0 ** exponents.astype(np.float64)).astype(np.float32)
    arguments = (np.arange(steps, dtype=np.float32)[:, None] * frequencies).astype(np.float64)
    return np.concatenate([np.sin(arguments), np.cos(arguments)], 1).astype(np.float32)
