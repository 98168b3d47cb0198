"""How weights are moved: an optimizer together with the course of its rate."""

from typing import Any, Protocol

import torch
from lightning import LightningModule

from diffhpe_ros.training.optim.optimizers import MuonAdamW


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
