"""Denoising diffusion implicit models (Song et al., 2021)."""

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting.arrays import Array, sqrt
from diffhpe_ros.lifting.diffusion.samplers.base import ReverseStep, Sampler
from diffhpe_ros.lifting.diffusion.samplers.initial_state import Noise


class DDIM(Sampler):
    """x_{t'} = √ᾱ_{t'} x̂_0 + √(1-ᾱ_{t'}-σ²) ε̂ + σ z  (equation 12 of the DDIM paper).

    Args:
        steps: number of visited steps, 1 to the schedule's T.
        eta: σ divided by that of ancestral sampling: 0 is deterministic, 1 is DDPM (equation 16).
    """

    def __init__(self, steps: int = 5, eta: float = 0.0) -> None:
        if not 0.0 <= eta <= 1.0:
            raise DiffhpeError(f"DDIM's eta must be 0 to 1, got {eta}")
        super().__init__(steps)
        self.eta = eta

    def step(self, now: ReverseStep, before: ReverseStep | None, noise: Noise) -> Array:
        """See `Sampler.step`."""
        pose, epsilon = now.prediction
        alpha_bar, alpha_bar_next = now.alpha_bar, now.alpha_bar_next
        if alpha_bar_next is None:
            return pose
        variance = (1 - alpha_bar_next) / (1 - alpha_bar) * (1 - alpha_bar / alpha_bar_next)
        sigma = self.eta * sqrt(variance)
        x = sqrt(alpha_bar_next) * pose + sqrt(1 - alpha_bar_next - sigma**2) * epsilon
        return x + sigma * noise() if self.eta > 0 else x
