"""DPM-Solver++ of the second order, multistep (Lu et al., 2022, algorithm 2)."""

from itertools import pairwise

from torch import Tensor

from diffhpe_ros.lifting.diffusion.samplers.base import Denoise, Sampler, Steps
from diffhpe_ros.lifting.diffusion.samplers.initial_state import Noise
from diffhpe_ros.lifting.diffusion.schedule import Schedule


class DPMSolver(Sampler):
    """x_{t'} = σ_{t'}/σ_t x - α_{t'} (e^{-h} - 1) D, with α = √ᾱ, σ = √(1-ᾱ), λ = log(α/σ).

    h = λ_{t'} - λ_t, and D = x̂_0 + h / (2 h_before) (x̂_0 - x̂_0 before) continues the line through
    the last two poses. At the first step, where there is one only, D = x̂_0: a step of DDIM. Both
    are deterministic after the first noise.

    Args:
        steps: visited steps, 1 to the schedule's T.
    """

    def __init__(self, steps: int = 5) -> None:
        super().__init__(steps)

    def walk(
        self, x: Tensor, visited: Steps, denoise: Denoise, schedule: Schedule, noise: Noise
    ) -> Tensor:
        """See `Sampler.walk`."""
        before: tuple[Tensor, Tensor] | None = None  # the last step's pose and h
        for t, following in pairwise(visited):
            pose = denoise(x, t).pose
            alpha_bar, alpha_bar_next = schedule.at(t), schedule.at(following)
            h = _log_ratio(alpha_bar_next) - _log_ratio(alpha_bar)
            line = pose if before is None else pose + h / (2 * before[1]) * (pose - before[0])
            shrink = ((1 - alpha_bar_next) / (1 - alpha_bar)).sqrt()
            x = shrink * x - alpha_bar_next.sqrt() * (-h).expm1() * line
            before = pose, h
        return denoise(x, visited[-1]).pose


def _log_ratio(alpha_bar: Tensor) -> Tensor:
    """λ = log(α/σ) = ½ logit ᾱ."""
    return alpha_bar.logit() / 2
