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
    """Momentum with orthogonalised updates (Jordan et al., 2024), and decoupled weight decay.

    torch's own Muon takes single matrices. Nine tenths of the denoiser's weights are stacks of
    17 x 2 matrices, one for each joint; here each matrix of a stack is orthogonalised. Matrices of
    the same shape are processed together. Updates have a root mean square of 0.2 times the rate,
    so that AdamW's learning rates apply (Liu et al., 2025).

    Args:
        parameters: of shape (..., rows, columns).
        lr: on AdamW's scale.
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
    """Muon for hidden matrices, AdamW for biases, norms and embeddings, as one optimizer.

    Schedulers and trainers see one list of parameter groups.

    Args:
        named_parameters: a module's; frozen ones are left out.
        lr: AdamW's learning rate.
        weight_decay: for both.
        muon_factor: Muon's rate divided by AdamW's.
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
        # The same dictionaries as in the parts, so that a scheduler changes both rates.
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
    """Creates a module's optimizer and learning rate schedule."""

    def __call__(self, module: LightningModule) -> dict[str, Any]:
        """The return value of `LightningModule.configure_optimizers`."""


class OneCycle:
    """`MuonAdamW` with one cycle of the learning rate.

    Args:
        learning_rate: peak of the cycle.
        weight_decay: decoupled.
        warmup: share of the training steps in which the rate rises.
    """

    def __init__(self, learning_rate: float, weight_decay: float, warmup: float = 0.1) -> None:
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.warmup = warmup

    def __call__(self, module: LightningModule) -> dict[str, Any]:
        """The rate changes at every step, over all steps of the trainer."""
        optimizer = self.optimizer(module)
        schedule = self.schedule(optimizer, int(module.trainer.estimated_stepping_batches))
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }

    def optimizer(self, module: LightningModule) -> torch.optim.Optimizer:
        """The optimizer of the trainable weights."""
        return MuonAdamW(module.named_parameters(), self.learning_rate, self.weight_decay)

    def schedule(
        self, optimizer: torch.optim.Optimizer, steps: int
    ) -> torch.optim.lr_scheduler.LRScheduler:
        """The learning rate over a number of steps."""
        return torch.optim.lr_scheduler.OneCycleLR(
            optimizer,
            [group["lr"] for group in optimizer.param_groups],
            total_steps=steps,
            pct_start=self.warmup,
            cycle_momentum=False,
        )


class WarmupConstantDecay(OneCycle):
    """`MuonAdamW` with a linear warm-up, a constant rate, and a linear decay to 0.

    This is for fine-tuning: the rate never exceeds `learning_rate`, so no peak sets back a training
    that ends early.

    Args:
        decay: share of the training steps, at the end, in which the rate falls.
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
    """The paper's Adam with the schedule of `WarmupConstantDecay` instead of plateaus.

    Plateaus need hundreds of validations. In a training of known length a long decay replaces them.
    """

    def optimizer(self, module: LightningModule) -> torch.optim.Optimizer:
        """Weight decay is added to the gradient, as published."""
        weights = [each for each in module.parameters() if each.requires_grad]
        return torch.optim.Adam(weights, lr=self.learning_rate, weight_decay=self.weight_decay)


class AdamPlateau:
    """Adam with a rate that is halved when the validation error stops falling, as published.

    Args:
        learning_rate: at the start.
        weight_decay: added to the gradient.
        patience: validations without improvement before the rate falls. The paper says 50 epochs;
            the released code validates every fifth epoch and waits for 11 of them.
        factor: factor on the rate when it falls.
        threshold: smallest relative improvement that counts; 0.1 in the released code.
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
        """The rate changes after validations only."""
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
