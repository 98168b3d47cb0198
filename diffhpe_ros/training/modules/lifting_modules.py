"""Lightning modules: how MixSTE and the DiffHPE models are trained."""

from collections.abc import Callable
from typing import Any

import lightning as L
import torch
from torch import Generator, Tensor

from diffhpe_ros.lifting.checkpoints.configuration import ModelConfig
from diffhpe_ros.lifting.diffusion.parameterisation import Prediction
from diffhpe_ros.lifting.diffusion.samplers import Sampler, create_sampler
from diffhpe_ros.lifting.models.diffhpe import DiffHPE
from diffhpe_ros.lifting.models.mixste import MixSTE
from diffhpe_ros.lifting.models.model import Model
from diffhpe_ros.training.datasets.batches import WindowSource
from diffhpe_ros.training.modules.losses import (
    Denoised,
    DenoisingLoss,
    SquaredErrorLoss,
    mean_joint_distance,
)
from diffhpe_ros.training.modules.steps import StepDraw, UniformSteps
from diffhpe_ros.training.modules.symmetry import MirrorPenalty
from diffhpe_ros.training.optim import Optimisation
from diffhpe_ros.training.random_streams import DRAWS, generator_of

Batch = tuple[Tensor, Tensor]
"""x_2d (B, 27, 17, 2) in the model's input view and poses (B, 27, 17, 3) in metres."""


class LiftingModule(L.LightningModule):
    """Base of all training modules: optimisation, and the MPJPE on validation windows.

    Args:
        model: the model to train.
        config: the model's configuration, which is saved with its weights.
        optimisation: optimizer and schedule.
    """

    def __init__(self, model: Model, config: ModelConfig, optimisation: Optimisation) -> None:
        super().__init__()
        self.model = model
        self.config = config
        self.optimisation = optimisation

    def prepare(self, source: WindowSource) -> None:
        """Called once before a training begins, not when it resumes.

        Args:
            source: gives the training's windows.
        """

    def predict(self, x_2d: Tensor) -> Tensor:
        """Poses (B, 27, 17, 3), metres, for validation."""
        raise NotImplementedError

    def validation_step(self, batch: Batch, batch_index: int) -> None:
        """Log the MPJPE in mm."""
        x_2d, poses = batch
        predicted = self.predict(x_2d)
        predicted = predicted - predicted[:, :, :1]
        error = 1000 * mean_joint_distance(predicted, poses)
        self.log("validation/mpjpe_mm", error, prog_bar=True, batch_size=len(x_2d), sync_dist=True)

    def configure_optimizers(self) -> Any:
        """See `Optimisation`."""
        return self.optimisation(self)


class MixSTEModule(LiftingModule):
    """Training of MixSTE.

    Args:
        loss: between poses and truth: the mean joint distance, or the squared error as published.
        symmetry: weight of the `MirrorPenalty`. **kwargs: arguments of `LiftingModule`.
    """

    model: MixSTE

    def __init__(
        self,
        *,
        loss: Callable[[Tensor, Tensor], Tensor] = mean_joint_distance,
        symmetry: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.loss = loss
        self.symmetry = MirrorPenalty(symmetry)

    def predict(self, x_2d: Tensor) -> Tensor:
        """MixSTE's poses."""
        return self.model(x_2d)

    def training_step(self, batch: Batch, batch_index: int) -> Tensor:
        """The loss."""
        x_2d, poses = map(self.symmetry.doubled, batch)
        predicted = self.model(x_2d)
        loss = self.loss(predicted, poses) + self.symmetry(predicted)
        self.log("train/loss", loss, prog_bar=True)
        return loss


class DenoisingModule(LiftingModule):
    """Base of the modules that train denoisers, at random diffusion steps.

    A batch's steps and noise depend only on the seed, the training step and the rank. So a resumed
    training draws the same as an uninterrupted one.

    Args:
        draws: diffusion steps drawn for each window of a batch, which share its condition.
        steps: how diffusion steps are drawn; uniformly by default, as published.
        loss: the denoiser's loss.
        seed: seed of the draws. **kwargs: arguments of `LiftingModule`.
    """

    def __init__(
        self,
        *,
        draws: int = 1,
        steps: StepDraw | None = None,
        loss: DenoisingLoss | None = None,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.draws = draws
        self.steps = steps or UniformSteps()
        self.loss = loss or SquaredErrorLoss()
        self.seed = seed
        fast = self.config.presets["fast"]  # validated with the live default
        self.sampler: Sampler = create_sampler(fast.sampler, fast.steps)

    def validation_noise(self, x_2d: Tensor) -> Callable[[], Tensor]:
        """Draws of (B, L, J, 3) for one hypothesis of each window, the same in every validation."""
        shape = (*x_2d.shape[:3], 3)
        generator = Generator(x_2d.device).manual_seed(self.seed)
        return lambda: torch.randn(shape, device=x_2d.device, generator=generator)

    def draws_of_this_step(self, device: torch.device) -> Generator:
        """The random generator of this training step."""
        number = self.global_step * self.trainer.world_size + self.global_rank
        return generator_of(device, DRAWS, self.seed, number)


class DiffusionModule(DenoisingModule):
    """Denoising of DiffHPE.

    Args:
        symmetry: weight of the `MirrorPenalty`. **kwargs: arguments of `DenoisingModule`.
    """

    model: DiffHPE

    def __init__(self, *, symmetry: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.symmetry = MirrorPenalty(symmetry)

    def predict(self, x_2d: Tensor) -> Tensor:
        """One hypothesis of the fast preset, from the same noise at every validation."""
        model = self.model
        denoise = model.denoise_with(model.condition(x_2d))
        poses = self.sampler.sample(denoise, model.schedule, self.validation_noise(x_2d))
        return poses * model.pose_scale

    def target_of(self, x_t: Tensor, t: Tensor, condition: Tensor, truth: Prediction) -> Prediction:
        """The prediction that the denoiser learns for x_t (B, 27, 17, 3) at steps t (B,).

        Args:
            x_t: noisy poses.
            t: zero-based.
            condition: the model's condition.
            truth: the pose and the noise in x_t.
        """
        return truth

    def training_step(self, batch: Batch, batch_index: int) -> Tensor:
        """The loss, in the diffused units squared."""
        x_2d, poses = batch
        model = self.model
        doubled = self.symmetry.doubled
        conditions = model.condition(doubled(x_2d)).split(len(x_2d))
        condition = torch.cat([each.repeat(self.draws, 1, 1, 1) for each in conditions])
        x_0 = (poses / model.pose_scale).repeat(self.draws, 1, 1, 1)
        generator = self.draws_of_this_step(x_0.device)
        t = self.steps(len(x_0), model.schedule.steps, generator).repeat(len(conditions))
        noise = torch.randn(x_0.shape, device=x_0.device, generator=generator)
        x_0, noise = doubled(x_0), doubled(noise)
        signal, spread = model.schedule.signal_and_noise(t)
        x_t = signal * x_0 + spread * noise
        output = model(x_t, t, condition)
        learned = self.target_of(x_t, t, condition, Prediction(x_0, noise))
        target = model.parameterisation.target(learned.pose, learned.noise, signal, spread)
        prediction = model.parameterisation.read(output, x_t, signal, spread)
        loss = self.loss(Denoised(output, target, prediction, learned.pose, signal, spread))
        loss = loss + self.symmetry(prediction.pose)
        self.log("train/loss", loss, prog_bar=True)
        return loss
