"""Muon for matrices and for stacks of matrices."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

# Newton-Schulz coefficients of Jordan et al., 2024.
A, B, C = 3.4445, -4.7750, 2.0315
STEPS = 5


class Muon(torch.optim.Optimizer):
    """Momentum whose matrices are orthogonalised (Jordan et al., 2024), with decoupled decay.

    torch's own Muon takes single matrices; nine tenths of the denoiser's weights are stacks of
    17 x 2 matrices, one for each joint, which are orthogonalised each by itself. Matrices of one
    shape are handled together. The rate is in AdamW's terms: an update has a root mean square of
    0.2 (Liu et al., 2025).

    Args:
        parameters: of shape (..., rows, columns).
        lr: in AdamW's terms.
        weight_decay: decoupled.
        momentum: Nesterov's.
    """

    def __init__(
        self,
        parameters: Iterable[torch.nn.Parameter],
        lr: float,
        weight_decay: float = 0.0,
        momentum: float = 0.95,
    ) -> None:
        super().__init__(parameters, {"lr": lr, "weight_decay": weight_decay, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One step."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            of_shape: dict[torch.Size, list[Tensor]] = {}
            for weights in group["params"]:
                if weights.grad is not None:
                    of_shape.setdefault(weights.shape[-2:], []).append(weights)
            for same in of_shape.values():
                self._step_together(same, group)
        return loss

    def _step_together(self, parameters: list[Tensor], group: dict[str, Any]) -> None:
        momentum = group["momentum"]
        updates = []
        for weights in parameters:
            gradient, state = weights.grad, self.state[weights]
            assert gradient is not None
            if not state:
                state["momentum"] = torch.zeros_like(weights)
            state["momentum"].lerp_(gradient, 1 - momentum)
            update = torch.lerp(gradient, state["momentum"], momentum)
            updates.append(update.flatten(0, -3) if update.ndim > 2 else update[None])
        rows, columns = parameters[0].shape[-2:]
        step = group["lr"] * 0.2 * max(rows, columns) ** 0.5
        together = orthogonalise(torch.cat(updates))
        parts = together.split([len(update) for update in updates])
        for weights, part in zip(parameters, parts, strict=True):
            weights.mul_(1 - group["lr"] * group["weight_decay"])
            weights.sub_(part.view_as(weights), alpha=step)


def orthogonalise(matrices: Tensor) -> Tensor:
    """(N, rows, columns) → matrices of the same singular vectors and singular values near 1."""
    is_tall = matrices.shape[-2] > matrices.shape[-1]
    x = matrices.mT if is_tall else matrices
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(STEPS):
        gram = x @ x.mT
        x = A * x + torch.baddbmm(B * gram, gram, gram, alpha=C) @ x
    return x.mT if is_tall else x
