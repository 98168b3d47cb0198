"""Where the reverse process starts: at pure noise, or at a roughly known pose."""

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor

from diffhpe_ros.lifting.diffusion.schedule import Schedule

Noise = Callable[[], Tensor]
"""Standard normal noise (N, L, J, 3), new at each call."""


class InitialState(Protocol):
    """The first state of the reverse process."""

    def __call__(self, schedule: Schedule, noise: Tensor) -> tuple[Tensor, int | Tensor]:
        """x_s (N, L, J, 3) and its zero-based step s, or the step (N,) of each sequence.

        Args:
            schedule: of the noise.
            noise: standard normal, (N, L, J, 3).
        """


class PureNoise:
    """x_T is the noise itself; as published."""

    def __call__(self, schedule: Schedule, noise: Tensor) -> tuple[Tensor, int]:
        """See `InitialState`."""
        return noise, schedule.steps - 1


PURE_NOISE = PureNoise()


class NoisedPose:
    """x_s = √ᾱ_s x̂_0 + √(1-ᾱ_s) z: a truncated start (SDEdit, Meng et al., 2022).

    What of the pose is larger than the noise of step s is kept; the rest is sampled anew.

    Args:
        pose: x̂_0, (N, L, J, 3) in the diffused unit.
        step: zero-based, or (N,) of each sequence.
    """

    def __init__(self, pose: Tensor, step: int | Tensor) -> None:
        self.pose = pose
        self.step = step

    def __call__(self, schedule: Schedule, noise: Tensor) -> tuple[Tensor, int | Tensor]:
        """See `InitialState`."""
        alpha_bar = schedule.at(self.step)
        return alpha_bar.sqrt() * self.pose + (1 - alpha_bar).sqrt() * noise, self.step


class PureNoiseWhereUnknown:
    """Another initial state for some sequences, pure noise for the others.

    Args:
        known: (N,), True where that state is used.
        initial_state: that of the known sequences.
    """

    def __init__(self, known: Tensor, initial_state: InitialState) -> None:
        self.known = known
        self.initial_state = initial_state

    def __call__(self, schedule: Schedule, noise: Tensor) -> tuple[Tensor, Tensor]:
        """See `InitialState`."""
        x, step = self.initial_state(schedule, noise)
        pure, last = PURE_NOISE(schedule, noise)
        steps = torch.as_tensor(step, device=noise.device).expand(len(noise))
        return (
            torch.where(self.known.view(-1, 1, 1, 1), x, pure),
            torch.where(self.known, steps, last),
        )
