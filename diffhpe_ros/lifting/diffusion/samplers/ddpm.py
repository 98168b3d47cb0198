"""Ancestral sampling (Ho et al., 2020, algorithm 2)."""

from torch import Tensor

from diffhpe_ros.lifting.diffusion.samplers.base import Denoise, Sampler, Steps
from diffhpe_ros.lifting.diffusion.samplers.initial_state import Noise
from diffhpe_ros.lifting.diffusion.schedule import Schedule


class DDPM(Sampler):
    """x_{t-1} = (x_t - β_t / √(1-ᾱ_t) ε̂) / √(1-β_t) + σ_t z, with no noise at the last step.

    With fewer steps than the schedule has, β and σ are those of the visited steps alone:
    β = 1 - ᾱ_t / ᾱ_{t'}, where t' is the next visited step.
    """

    def __init__(self, steps: int = 50) -> None:
        super().__init__(steps)

    def walk(
        self, x: Tensor, visited: Steps, denoise: Denoise, schedule: Schedule, noise: Noise
    ) -> Tensor:
        """See `Sampler.walk`."""
        for t, following in zip(visited, [*visited[1:], None], strict=True):
            alpha_bar = schedule.at(t)
            alpha_bar_next = schedule.at(following) if following is not None else 1.0
            beta = 1 - alpha_bar / alpha_bar_next
            x = x - beta / (1 - alpha_bar).sqrt() * denoise(x, t).noise
            x = x / (1 - beta).sqrt()
            if following is not None:
                x = x + (beta * (1 - alpha_bar_next) / (1 - alpha_bar)).sqrt() * noise()
        return x
