"""The protocol of the samplers, and which steps they visit."""

from collections.abc import Callable
from typing import Protocol

from torch import Tensor

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting.parameterisation import Prediction
from diffhpe_ros.lifting.schedule import CosineSchedule

Denoise = Callable[[Tensor, int], Prediction]
"""x_t (N, L, J, 3) and a zero-based step → the model's estimates."""

Noise = Callable[[], Tensor]
"""Standard normal noise (N, L, J, 3), new at each call; the first call gives x_T."""


class Sampler(Protocol):
    """The reverse process."""

    steps: int

    def sample(self, denoise: Denoise, schedule: CosineSchedule, noise: Noise) -> Tensor:
        """Poses (N, L, J, 3) in the diffused space."""


def spaced_steps(steps: int, total: int) -> list[int]:
    """`steps` of the `total` zero-based steps, falling, evenly spaced, from the last one on.

    Raises:
        DiffhpeError: `steps` is not in 1…total.
    """
    if not 1 <= steps <= total:
        raise DiffhpeError(f"sampling steps must be 1 to {total}, got {steps}")
    return [round(total * (steps - k) / steps) - 1 for k in range(steps)]
