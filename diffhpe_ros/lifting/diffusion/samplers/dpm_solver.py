"""The second-order multistep DPM-Solver++ (Lu et al., 2022, algorithm 2)."""

from diffhpe_ros.lifting.arrays import Array, library_of, sqrt
from diffhpe_ros.lifting.diffusion.samplers.base import ReverseStep, Sampler
from diffhpe_ros.lifting.diffusion.samplers.initial_state import Noise


class DPMSolver(Sampler):
    """x_{t'} = σ_{t'}/σ_t x + (α_{t'} - α_t σ_{t'}/σ_t) D, with α = √ᾱ, σ = √(1-ᾱ), λ = log(α/σ).

    h = λ_{t'} - λ_t, and D = x̂_0 + h / (2 h_before) (x̂_0 - x̂_0 before) extrapolates the line
    through the last two poses. At the first step there is only one pose, so D = x̂_0, which is a
    DDIM step. All steps are deterministic after the first noise.

    Args:
        steps: number of visited steps, 1 to the schedule's T.
    """

    def __init__(self, steps: int = 5) -> None:
        super().__init__(steps)

    def step(self, now: ReverseStep, before: ReverseStep | None, noise: Noise) -> Array:
        """See `Sampler.step`."""
        pose, alpha_bar, alpha_bar_next = now.prediction.pose, now.alpha_bar, now.alpha_bar_next
        if alpha_bar_next is None:
            return pose
        h = _log_ratio(alpha_bar_next) - _log_ratio(alpha_bar)
        line = pose
        if before is not None:
            h_before = _log_ratio(alpha_bar) - _log_ratio(before.alpha_bar)
            line = pose + h / (2 * h_before) * (pose - before.prediction.pose)
        shrink = sqrt((1 - alpha_bar_next) / (1 - alpha_bar))
        return shrink * now.x + (sqrt(alpha_bar_next) - shrink * sqrt(alpha_bar)) * line


def _log_ratio(alpha_bar: Array) -> Array:
    """λ = log(α/σ) = ½ logit ᾱ."""
    return library_of(alpha_bar).log(alpha_bar / (1 - alpha_bar)) / 2
