"""The reverse process: its loop and the steps that it visits. Samplers define a single step."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import NamedTuple

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting.arrays import Array
from diffhpe_ros.lifting.diffusion.parameterisation import Prediction
from diffhpe_ros.lifting.diffusion.samplers.initial_state import PURE_NOISE, InitialState, Noise
from diffhpe_ros.lifting.diffusion.schedule import Schedule

Denoise = Callable[[Array, int | Array], Prediction]
"""x_t (N, L, J, 3) and one zero-based step, or the steps (N,) → the model's estimates."""


Steps = Sequence[int | Array]
"""Zero-based steps in falling order; each is one for all sequences, or (N,), one for each."""


class ReverseStep(NamedTuple):
    """A visited step t, from which the state at the next one, t', is computed."""

    x: Array
    """x_t, (N, L, J, 3)."""
    prediction: Prediction
    """The model's estimates of the clean pose x̂_0 and of the noise ε̂ in x_t."""
    alpha_bar: Array
    """ᾱ_t, a number or (N, 1, 1, 1)."""
    alpha_bar_next: Array | None
    """ᾱ_{t'}; None at the last visited step, whose result is the clean pose."""


class Sampler(ABC):
    """The reverse process.

    Args:
        steps: number of visited steps, 1 to the schedule's T.
    """

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def sample(
        self,
        denoise: Denoise,
        schedule: Schedule,
        noise: Noise,
        initial_state: InitialState = PURE_NOISE,
    ) -> Array:
        """Poses (N, L, J, 3) in the diffused space.

        Args:
            denoise: the model.
            schedule: the model's noise schedule.
            noise: gives new noise at each call; the first is for the initial state.
            initial_state: where the reverse process starts; pure noise if not given.
        """
        x, first = initial_state(schedule, noise())
        return self.reverse(x, spaced_steps(self.steps, first + 1), denoise, schedule, noise)

    def reverse(
        self, x: Array, visited: Steps, denoise: Denoise, schedule: Schedule, noise: Noise
    ) -> Array:
        """Poses from x (N, L, J, 3) at the first visited step; other arguments as in `sample`."""
        before: ReverseStep | None = None
        for t, following in zip(visited, [*visited[1:], None], strict=True):
            alpha_bar_next = None if following is None else schedule.at(following)
            now = ReverseStep(x, denoise(x, t), schedule.at(t), alpha_bar_next)
            x = self.step(now, before, noise)
            before = now
        return x

    @abstractmethod
    def step(self, now: ReverseStep, before: ReverseStep | None, noise: Noise) -> Array:
        """x_{t'} (N, L, J, 3), or the clean pose after the last visited step.

        Args:
            now: the step t.
            before: the step visited before it; None at the first.
            noise: gives new standard normal noise at each call.
        """


def spaced_steps(steps: int, total: int | Array) -> Steps:
    """`steps` of the `total` zero-based steps, evenly spaced, falling from the last one.

    Args:
        steps: number of steps to visit.
        total: the first visited step plus 1; (N,) if each sequence has its own.

    Raises:
        DiffhpeError: `steps` is not in 1…total.
    """
    most = total if isinstance(total, int) else int(total.min())
    if not 1 <= steps <= most:
        raise DiffhpeError(f"sampling steps must be 1 to {most}, got {steps}")
    return [_rounded(total * (steps - k), steps) - 1 for k in range(steps)]


def _rounded(numerator: int | Array, denominator: int) -> int | Array:
    """The quotient, rounded as Python does: halves to the even number."""
    whole = numerator // denominator
    twice = 2 * (numerator - whole * denominator)
    return whole + ((twice > denominator) | ((twice == denominator) & (whole % 2 == 1)))
