"""What the samplers share, and which steps they visit."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

from torch import Tensor

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting.diffusion.parameterisation import Prediction
from diffhpe_ros.lifting.diffusion.samplers.initial_state import PURE_NOISE, InitialState, Noise
from diffhpe_ros.lifting.diffusion.schedule import Schedule

Denoise = Callable[[Tensor, int | Tensor], Prediction]
"""x_t (N, L, J, 3) and a zero-based step, or the step (N,) of each, → the model's estimates."""


Steps = Sequence[int | Tensor]
"""Zero-based steps, falling; each one for all sequences, or (N,) of each."""


class Sampler(ABC):
    """The reverse process.

    Args:
        steps: visited steps, 1 to the schedule's T.
    """

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def sample(
        self,
        denoise: Denoise,
        schedule: Schedule,
        noise: Noise,
        initial_state: InitialState = PURE_NOISE,
    ) -> Tensor:
        """Poses (N, L, J, 3) in the diffused space.

        Args:
            denoise: the model.
            schedule: of its noise.
            noise: new at each call; the first is the beginning's.
            initial_state: where the reverse process starts; at pure noise if not given.
        """
        x, first = initial_state(schedule, noise())
        return self.walk(x, spaced_steps(self.steps, first + 1), denoise, schedule, noise)

    @abstractmethod
    def walk(
        self, x: Tensor, visited: Steps, denoise: Denoise, schedule: Schedule, noise: Noise
    ) -> Tensor:
        """From x (N, L, J, 3) at the first visited step to the poses; the rest as in `sample`."""


def spaced_steps(steps: int, total: int | Tensor) -> Steps:
    """`steps` of the `total` zero-based steps, falling, evenly spaced, from the last one on.

    Args:
        steps: how many.
        total: one more than the first of them; (N,) where each sequence begins elsewhere.

    Raises:
        DiffhpeError: `steps` is not in 1…total.
    """
    if isinstance(total, Tensor):
        _check(steps, int(total.min()))
        parts = [(total * (steps - k)).double() / steps for k in range(steps)]
        return [part.round().long() - 1 for part in parts]
    _check(steps, total)
    return [round(total * (steps - k) / steps) - 1 for k in range(steps)]


def _check(steps: int, total: int) -> None:
    if not 1 <= steps <= total:
        raise DiffhpeError(f"sampling steps must be 1 to {total}, got {steps}")
