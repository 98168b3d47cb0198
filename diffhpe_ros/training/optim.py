"""Optimizers with the schedules of their learning rates: Muon with AdamW, and the paper's Adam."""

from collections.abc import Callable, Iterable
from typing import Any, Protocol

import torch
from lightning import LightningModule
from torch import Tensor, nn

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


class MuonAdamW(torch.optim.Optimizer):
    """One optimizer to the outside, so that schedulers and trainers need not know of the two.

    Muon (Jordan et al., 2024) orthogonalises the updates of matrices; its rate is given in
    AdamW's terms, scaled by the size of the matrix (Liu et al., 2025). Biases, norms and embeddings
    stay with AdamW.

    Args:
        named_parameters: of a module; those that need no gradient are left out.
        lr: of AdamW.
        weight_decay: of both.
        muon_factor: Muon's rate over AdamW's.
    """

    def __init__(
        self,
        named_parameters: Iterable[tuple[str, nn.Parameter]],
        lr: float,
        weight_decay: float,
        muon_factor: float = 3.0,
    ) -> None:
        trained = [(name, weights) for name, weights in named_parameters if weights.requires_grad]
        hidden = [weights for name, weights in trained if _is_hidden_matrix(name, weights)]
        chosen = {id(weights) for weights in hidden}
        rest = [weights for _, weights in trained if id(weights) not in chosen]
        self._parts: list[torch.optim.Optimizer] = [
            torch.optim.AdamW(rest, lr=lr, weight_decay=weight_decay)
        ]
        if hidden:
            self._parts.append(Muon(hidden, lr=lr * muon_factor, weight_decay=weight_decay))
        super().__init__([group for part in self._parts for group in part.param_groups], {"lr": lr})
        # The very same dictionaries, so that a scheduler that sets a rate here sets it there.
        self.param_groups = [group for part in self._parts for group in part.param_groups]

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One step of both."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for part in self._parts:
            part.step()
        return loss

    def state_dict(self) -> dict[str, Any]:
        """State of both."""
        return {"parts": [part.state_dict() for part in self._parts]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """State of both."""
        for part, state in zip(self._parts, state_dict["parts"], strict=True):
            part.load_state_dict(state)
        self.param_groups = [group for part in self._parts for group in part.param_groups]


def _is_hidden_matrix(name: str, weights: nn.Parameter) -> bool:
    is_outer = any(word in name for word in ("embed", "position", "head", "output_projection2"))
    return weights.ndim >= 2 and min(weights.shape[-2:]) > 3 and not is_outer


class Optimisation(Protocol):
    """An optimizer and its schedule for a module, in Lightning's terms."""

    def __call__(self, module: LightningModule) -> dict[str, Any]:
        """What `LightningModule.configure_optimizers` returns."""


class OneCycle:
    """Muon for matrices with AdamW for the rest, and one cycle of their rates: ours.

    Args:
        learning_rate: the greatest of the cycle.
        weight_decay: decoupled.
        warmup: share of the training in which the rate rises.
    """

    def __init__(self, learning_rate: float, weight_decay: float, warmup: float = 0.1) -> None:
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.warmup = warmup

    def __call__(self, module: LightningModule) -> dict[str, Any]:
        """The rate changes with every step, over all steps of the module's trainer."""
        optimizer = self.optimizer(module)
        schedule = self.schedule(optimizer, int(module.trainer.estimated_stepping_batches))
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }

    def optimizer(self, module: LightningModule) -> torch.optim.Optimizer:
        """Of the weights that are trained."""
        return MuonAdamW(module.named_parameters(), self.learning_rate, self.weight_decay)

    def schedule(
        self, optimizer: torch.optim.Optimizer, steps: int
    ) -> torch.optim.lr_scheduler.LRScheduler:
        """The course of the rate over so many steps."""
        return torch.optim.lr_scheduler.OneCycleLR(
            optimizer,
            [group["lr"] for group in optimizer.param_groups],
            total_steps=steps,
            pct_start=self.warmup,
            cycle_momentum=False,
        )


class WarmupConstantDecay(OneCycle):
    """`OneCycle`'s optimizers with a constant rate between a short rise and a short fall to 0.

    For going on from good weights: the rate never exceeds `learning_rate`, so that a training that
    ends early has lost nothing to a peak.

    Args:
        decay: share of the training, at its end, in which the rate falls.
        **kwargs: of `OneCycle`.
    """

    def __init__(self, decay: float = 0.2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.decay = decay

    def schedule(
        self, optimizer: torch.optim.Optimizer, steps: int
    ) -> torch.optim.lr_scheduler.LRScheduler:
        """Linear rise, constant, linear fall."""
        rise, fall = max(1, round(self.warmup * steps)), max(1, round(self.decay * steps))
        return torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: min(1.0, (step + 1) / rise, max(0.0, (steps - step) / fall))
        )


class AdamDecay(WarmupConstantDecay):
    """The paper's Adam, with the rate of `WarmupConstantDecay` instead of plateaus.

    Plateaus need hundreds of validations; in a training of a known length a long fall takes their
    place.
    """

    def optimizer(self, module: LightningModule) -> torch.optim.Optimizer:
        """Weight decay is added to the gradient, as published."""
        weights = [each for each in module.parameters() if each.requires_grad]
        return torch.optim.Adam(weights, lr=self.learning_rate, weight_decay=self.weight_decay)


class AdamPlateau:
    """Adam with a rate that is halved when validation stays as it is: as published.

    Args:
        learning_rate: at the start.
        weight_decay: added to the gradient.
        patience: validations without improvement before the rate falls. The paper says 50 epochs;
            the released code validates every fifth epoch and waits for 11 of them.
        factor: of the rate when it falls.
        threshold: relative improvement that counts; 0.1 in the released code.
    """

    def __init__(
        self,
        learning_rate: float,
        weight_decay: float = 1e-6,
        patience: int = 50,
        factor: float = 0.5,
        threshold: float = 1e-4,
    ) -> None:
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.patience = patience
        self.factor = factor
        self.threshold = threshold

    def __call__(self, module: LightningModule) -> dict[str, Any]:
        """The rate changes after validations alone."""
        weights = [each for each in module.parameters() if each.requires_grad]
        optimizer = torch.optim.Adam(weights, lr=self.learning_rate, weight_decay=self.weight_decay)
        schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(
            optimizer, factor=self.factor, patience=self.patience, threshold=self.threshold
        )
        return {
            "optimizer": optimizer,
            "lr_scheduler": {
                "scheduler": schedule,
                "monitor": "validation/mpjpe_mm",
                "interval": "step",
                "frequency": module.trainer.val_check_interval,
                "strict": False,
            },
        }
