"""Ancestral sampling (Ho et al., 2020, algorithm 2)."""

from diffhpe_ros.lifting.arrays import Array, sqrt
from diffhpe_ros.lifting.diffusion.samplers.base import ReverseStep, Sampler
from diffhpe_ros.lifting.diffusion.samplers.initial_state import Noise


class DDPM(Sampler):
    """x_{t-1} = (x_t - β_t / √(1-ᾱ_t) ε̂) / √(1-β_t) + σ_t z, with no noise at the last step.

    With fewer steps than the schedule has, β and σ are those of the visited steps alone:
    β = 1 - ᾱ_t / ᾱ_{t'}, where t' is the next visited step.
    """

    def __init__(self, steps: int = 50) -> None:
        super().__init__(steps)

    def step(self, now: ReverseStep, before: ReverseStep | None, noise: Noise) -> Array:
        """See `Sampler.step`."""
        alpha_bar = now.alpha_bar
        alpha_bar_next = 1.0 if now.alpha_bar_next is None else now.alpha_bar_next
        beta = 1 - alpha_bar / alpha_bar_next
        x = now.x - beta / sqrt(1 - alpha_bar) * now.prediction.noise
        x = x / sqrt(1 - beta)
        if now.alpha_bar_next is None:
            return x
        return x + sqrt(beta * (1 - alpha_bar_next) / (1 - alpha_bar)) * noise()
