"""Lightning modules: how MixSTE and the DiffHPE models are trained."""

from typing import Any

import lightning as L
import torch
from torch import Tensor

from diffhpe_ros.lifting.config import Model, ModelConfig
from diffhpe_ros.lifting.diffhpe import DiffHPE
from diffhpe_ros.lifting.mixste import MixSTE
from diffhpe_ros.lifting.samplers import DDIM
from diffhpe_ros.training.optimizers import MuonAdamW

Batch = tuple[Tensor, Tensor]
"""x_2d (B, 27, 17, 2) in the model's input view and poses (B, 27, 17, 3) in metres."""


class LiftingModule(L.LightningModule):
    """What both trainings share: optimizer, one cycle of its rate, validation MPJPE.

    Args:
        model: to be trained.
        config: of the model; saved beside its weights.
        learning_rate: the greatest of the cycle.
        weight_decay: of the optimizer.
        warmup: share of the training in which the rate rises.
    """

    def __init__(
        self,
        model: Model,
        config: ModelConfig,
        learning_rate: float,
        weight_decay: float,
        warmup: float = 0.1,
    ) -> None:
        super().__init__()
        self.model = model
        self.config = config
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.warmup = warmup

    def predict(self, x_2d: Tensor) -> Tensor:
        """Poses (B, 27, 17, 3), metres, for validation."""
        raise NotImplementedError

    def validation_step(self, batch: Batch, batch_index: int) -> None:
        """Log the MPJPE in mm."""
        x_2d, poses = batch
        predicted = self.predict(x_2d)
        predicted = predicted - predicted[:, :, :1]
        error = 1000 * (predicted - poses).norm(dim=-1).mean()
        self.log("validation/mpjpe_mm", error, prog_bar=True, batch_size=len(x_2d))

    def configure_optimizers(self) -> Any:
        """Muon with AdamW, and one cycle of their rates."""
        optimizer = MuonAdamW(self.model.named_parameters(), self.learning_rate, self.weight_decay)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer,
            [group["lr"] for group in optimizer.param_groups],
            total_steps=int(self.trainer.estimated_stepping_batches),
            pct_start=self.warmup,
            cycle_momentum=False,
        )
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }


class MixSTEModule(LiftingModule):
    """Mean joint distance of the poses."""

    model: MixSTE

    def predict(self, x_2d: Tensor) -> Tensor:
        """MixSTE's poses."""
        return self.model(x_2d)

    def training_step(self, batch: Batch, batch_index: int) -> Tensor:
        """The loss, metres."""
        x_2d, poses = batch
        loss = (self.model(x_2d) - poses).norm(dim=-1).mean()
        self.log("train/loss", loss, prog_bar=True)
        return loss


class DiffusionModule(LiftingModule):
    """Mean squared error of what the denoiser predicts, at uniformly drawn steps.

    Args:
        draws: diffusion steps drawn for each window of a batch, which share its condition.
        **kwargs: of `LiftingModule`.
    """

    model: DiffHPE

    def __init__(self, *, draws: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.draws = draws

    def predict(self, x_2d: Tensor) -> Tensor:
        """One hypothesis of five DDIM steps."""
        model = self.model
        shape = (*x_2d.shape[:3], 3)
        poses = DDIM(5).sample(
            model.denoise_with(model.condition(x_2d)),
            model.schedule,
            lambda: torch.randn(shape, device=x_2d.device),
        )
        return poses * model.pose_scale

    def training_step(self, batch: Batch, batch_index: int) -> Tensor:
        """The loss, in the diffused units squared."""
        x_2d, poses = batch
        model = self.model
        condition = model.condition(x_2d).repeat(self.draws, 1, 1, 1)
        x_0 = (poses / model.pose_scale).repeat(self.draws, 1, 1, 1)
        t = torch.randint(model.schedule.steps, (len(x_0),), device=x_0.device)
        noise = torch.randn_like(x_0)
        signal, spread = model.schedule.signal_and_noise(t)
        output = model(signal * x_0 + spread * noise, t, condition)
        target = model.parameterisation.target(x_0, noise, signal, spread)
        loss = (output - target).square().mean()
        self.log("train/loss", loss, prog_bar=True)
        return loss
