"""The forward process: x_t = √ᾱ_t x_0 + √(1-ᾱ_t) ε (DiffHPE, section 3.2)."""

import torch
from torch import Tensor, nn


class Schedule(nn.Module):
    """The noise level at T zero-based steps.

    Attributes:
        beta: (T,).
        alpha_bar: (T,), ᾱ_i = Π_{j≤i} (1-β_j).
        sigma: (T-1,), standard deviation of the noise added after steps 1…T-1,
            σ_i² = β_i (1-ᾱ_{i-1}) / (1-ᾱ_i).

    Args:
        beta: (T,), float64.
    """

    beta: Tensor
    alpha_bar: Tensor
    sigma: Tensor

    def __init__(self, beta: Tensor) -> None:
        super().__init__()
        alpha_bar = torch.cumprod(1 - beta, 0)
        sigma = (beta[1:] * (1 - alpha_bar[:-1]) / (1 - alpha_bar[1:])).sqrt()
        for name, value in (("beta", beta), ("alpha_bar", alpha_bar), ("sigma", sigma)):
            self.register_buffer(name, value.float(), persistent=False)
        self._on_host = self.alpha_bar

    @property
    def steps(self) -> int:
        """T."""
        return len(self.beta)

    def at(self, t: int | Tensor) -> Tensor:
        """ᾱ_t of steps (B,) as (B, 1, 1, 1); of one step as a number, always on the CPU.

        What is computed of that is computed on the CPU, and goes into the device's operations as
        an argument: one launch instead of five.
        """
        return self.alpha_bar[t].view(-1, 1, 1, 1) if isinstance(t, Tensor) else self._on_host[t]

    def signal_and_noise(self, t: int | Tensor) -> tuple[Tensor, Tensor]:
        """√ᾱ_t and √(1-ᾱ_t) of steps t (B,), each (B, 1, 1, 1); or of one step."""
        alpha_bar = self.at(t)
        return alpha_bar.sqrt(), (1 - alpha_bar).sqrt()


def as_steps(t: int | Tensor, device: torch.device) -> Tensor:
    """One step as (1,) on the device, without a copy from the host; steps (B,) as they are."""
    return t if isinstance(t, Tensor) else torch.full((1,), t, device=device)


class CosineSchedule(Schedule):
    """Cosine schedule with f(u) = cos²(((u + 0.008) / 1.008)·π/2) over T zero-based steps.

    β_i = min(1 - f((i+1)/T) / f(i/T), 0.5); the limit clips the last three.
    """

    def __init__(self, steps: int = 50) -> None:
        u = torch.arange(steps + 1, dtype=torch.float64) / steps
        f = torch.cos((u + 0.008) / 1.008 * torch.pi / 2) ** 2
        super().__init__((1 - f[1:] / f[:-1]).clamp(max=0.5))


class LinearSchedule(Schedule):
    """β from 1e-4 to 1e-3, as the released DiffPose code has it: of 51 steps the last has ᾱ 0.97.

    Most of the pose is in its noisiest state still, so it refines a pose that is known already.
    """

    def __init__(self, steps: int = 51) -> None:
        super().__init__(torch.linspace(1e-4, 1e-3, steps, dtype=torch.float64))


SCHEDULES: dict[str, type[CosineSchedule] | type[LinearSchedule]] = {
    "cosine": CosineSchedule,
    "released": LinearSchedule,
}
