"""Distributions of the diffusion steps in training."""

from typing import Protocol

import torch
from torch import Generator, Tensor


class StepDraw(Protocol):
    """Draws diffusion steps."""

    def __call__(self, count: int, steps: int, generator: Generator) -> Tensor:
        """(count,) zero-based steps below `steps`, on the generator's device."""


class UniformSteps:
    """Uniform over all steps, as published."""

    def __call__(self, count: int, steps: int, generator: Generator) -> Tensor:
        """See `StepDraw`."""
        return torch.randint(steps, (count,), generator=generator, device=generator.device)


class LastStepOften:
    """The noisiest step in a share of the draws, uniform over all steps in the rest.

    Samplers with few steps start there, and only there must the pose come from the condition alone.
    At most other steps, a denoiser that ignores its condition already has a small loss.

    Args:
        share: share of the draws.
    """

    def __init__(self, share: float = 0.5) -> None:
        self.share = share

    def __call__(self, count: int, steps: int, generator: Generator) -> Tensor:
        """See `StepDraw`."""
        t = UniformSteps()(count, steps, generator)
        chance = torch.rand(count, generator=generator, device=generator.device)
        return torch.where(chance < self.share, steps - 1, t)
