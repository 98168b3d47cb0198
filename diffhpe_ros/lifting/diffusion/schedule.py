"""The forward process: x_t = √ᾱ_t x_0 + √(1-ᾱ_t) ε (DiffHPE, section 3.2)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.lifting.arrays import Array, like, sqrt


class Schedule:
    """The noise level at T zero-based steps, as float32 arrays on the host.

    Attributes:
        beta: (T,).
        alpha_bar: (T,), ᾱ_i = Π_{j≤i} (1-β_j).
        sigma: (T-1,), standard deviation of the noise added after steps 1…T-1,
            σ_i² = β_i (1-ᾱ_{i-1}) / (1-ᾱ_i).

    Args:
        beta: (T,).
    """

    def __init__(self, beta: NDArray[np.floating[Any]]) -> None:
        alpha_bar = np.cumprod(1 - beta, dtype=np.float64)
        sigma = np.sqrt(beta[1:] * (1 - alpha_bar[:-1]) / (1 - alpha_bar[1:]))
        self.beta, self.alpha_bar, self.sigma = (
            values.astype(np.float32) for values in (beta, alpha_bar, sigma)
        )

    @property
    def steps(self) -> int:
        """T."""
        return len(self.beta)

    def at(self, t: int | Array) -> Array:
        """ᾱ_t: a number for one step; (B, 1, 1, 1) in the steps' library for steps (B,).

        A number is passed to device operations as an argument, so nothing is copied. It has single
        precision, as in the released code.
        """
        if isinstance(t, int):
            return np.float32(self.alpha_bar[t])
        return like(self.alpha_bar, t)[t].reshape(-1, 1, 1, 1)

    def signal_and_noise(self, t: int | Array) -> tuple[Array, Array]:
        """√ᾱ_t and √(1-ᾱ_t): numbers for one step, each (B, 1, 1, 1) for steps t (B,)."""
        alpha_bar = self.at(t)
        return sqrt(alpha_bar), sqrt(1 - alpha_bar)


class CosineSchedule(Schedule):
    """Cosine schedule with f(u) = cos²(((u + 0.008) / 1.008)·π/2) over T zero-based steps.

    β_i = min(1 - f((i+1)/T) / f(i/T), 0.5); the limit clips the last three steps.
    """

    def __init__(self, steps: int = 50) -> None:
        u = np.arange(steps + 1) / steps
        f = np.cos((u + 0.008) / 1.008 * np.pi / 2) ** 2
        super().__init__((1 - f[1:] / f[:-1]).clip(max=0.5))


class LinearSchedule(Schedule):
    """β from 1e-4 to 1e-3, as in the released DiffPose code: ᾱ is 0.97 at the last of 51 steps.

    Even the noisiest state still holds most of the pose, so it can only refine a known pose.
    """

    def __init__(self, steps: int = 51) -> None:
        super().__init__(np.linspace(1e-4, 1e-3, steps))


SCHEDULES: dict[str, type[CosineSchedule] | type[LinearSchedule]] = {
    "cosine": CosineSchedule,
    "released": LinearSchedule,
}
