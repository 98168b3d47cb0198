"""Training of DiffPose's graph denoiser; the encoder and the mixtures are frozen."""

from typing import Any

import torch
from torch import Generator, Tensor

from diffhpe_ros.lifting.diffusion.parameterisation import Prediction
from diffhpe_ros.lifting.models.diffpose.initial import Component, widened
from diffhpe_ros.lifting.models.diffpose.model import Context, DiffPose
from diffhpe_ros.training.datasets.batches import WindowSource
from diffhpe_ros.training.modules.initial_fit import InitialFit, MixtureFit
from diffhpe_ros.training.modules.lifting_modules import Batch, DenoisingModule
from diffhpe_ros.training.modules.losses import Denoised

VARIANCE_SHARE = 0.5
"""Share of training windows with a synthetic 2D variance."""
LARGEST_STD_M = 0.06
"""Largest standard deviation of that variance, metres."""


class DiffPoseModule(DenoisingModule):
    """Denoising relative to a component drawn from the initial distribution.

    Args:
        initial: fits the initial distribution before the training begins.
        **kwargs: arguments of `DenoisingModule`.
    """

    model: DiffPose

    def __init__(self, *, initial: InitialFit | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.initial = initial or MixtureFit()

    def prepare(self, source: WindowSource) -> None:
        """Fit the initial distribution."""
        self.initial(self.model, source)

    def predict(self, x_2d: Tensor) -> Tensor:
        """One hypothesis of the fast preset, from the same noise at every validation."""
        context = self.model.encode(x_2d)
        return self.model.sample_contexts(self.sampler, context, self.validation_noise(x_2d))

    def training_step(self, batch: Batch, batch_index: int) -> Tensor:
        """The loss."""
        x_2d, poses = batch
        model = self.model
        context = model.encode(x_2d).repeat_interleave(self.draws)
        generator = self.draws_of_this_step(x_2d.device)
        component = _draw(model, context, generator)
        poses = poses.repeat_interleave(self.draws, 0)
        t = self.steps(len(poses), model.schedule.steps, generator)
        noise = torch.randn(poses.shape, device=poses.device, generator=generator)
        noise = model.initial.along_time(noise)
        signal, spread = model.schedule.signal_and_noise(t)
        state = component.state(poses)
        noisy = signal * state + spread * noise
        output = model(noisy, t, context, component)
        target = model.parameterisation.target(state, noise, signal, spread)
        read = model.parameterisation.read(output, noisy, signal, spread)
        unit = model.pose_scale
        prediction = Prediction(component.pose(read.pose) / unit, read.noise)
        loss = self.loss(Denoised(output, target, prediction, poses / unit, signal, spread))
        self.log("train/loss", loss, prog_bar=True)
        return loss


def _draw(model: DiffPose, context: Context, generator: Generator) -> Component:
    """Draw components of the initial distribution, some widened by a synthetic 2D variance."""
    count, _, joints = context.pose.shape[:3]
    device = context.pose.device
    chance, has_variance, std_share = torch.rand(
        (3, count, joints), device=device, generator=generator
    ).unbind()
    component = model.initial.draw(context.pose, context.x_2d, chance)
    std = LARGEST_STD_M * std_share.square() * (has_variance[:, :1] < VARIANCE_SHARE)
    variance = std.square()[:, None, :, None, None] * torch.eye(2, device=device)
    return widened(component, variance)
