"""Moves windows and noise to a torch device."""

import torch
from torch import Tensor

from diffhpe_ros.lifting.diffusion.noise import SeededNoise
from diffhpe_ros.lifting.diffusion.samplers import Noise
from diffhpe_ros.lifting.window_batch import WindowBatch


def windows_on(device: torch.device, observed: WindowBatch) -> WindowBatch:
    """Windows as tensors on a device."""
    return WindowBatch(*(torch.from_numpy(each).to(device) for each in vars(observed).values()))


def noise_on(device: torch.device, noise: SeededNoise) -> Noise:
    """Noise that is drawn on the host, as always, and copied to a device."""

    def draw() -> Tensor:
        return torch.from_numpy(noise()).to(device)

    return draw
