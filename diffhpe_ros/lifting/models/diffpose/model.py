"""DiffPose: poses from an indeterminate distribution (Gong et al., CVPR 2023).

A frozen MixSTE is the context encoder. Its pose, with a model of its errors, is the initial
distribution. Its features are the context with which a graph denoiser turns that distribution into
a pose.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from diffhpe_ros.lifting.arrays import as_steps
from diffhpe_ros.lifting.diffusion.parameterisation import (
    Parameterisation,
    Prediction,
    PredictPose,
    parameterisation,
)
from diffhpe_ros.lifting.diffusion.samplers import Noise, NoisedPose, Sampler
from diffhpe_ros.lifting.diffusion.schedule import SCHEDULES, Schedule
from diffhpe_ros.lifting.models.base import SamplingInputs
from diffhpe_ros.lifting.models.diffpose.config import DiffPoseConfig
from diffhpe_ros.lifting.models.diffpose.denoiser import GraphDenoiser
from diffhpe_ros.lifting.models.diffpose.initial import (
    Component,
    InitialDistribution,
    detector_variance,
    widened,
)
from diffhpe_ros.lifting.models.mixste import MixSTETrunk, PoseHead

KNOWN = 11
"""Channels that every denoiser sees: the noisy pose's evidence relative to the encoder's pose, the
noise's standard deviation, the encoder's pose, and the keypoints."""


class Context(NamedTuple):
    """The encoder's outputs for N windows."""

    x_2d: Tensor
    """(N, L, J, 2), the windows themselves."""
    pose: Tensor
    """(N, L, J, 3) metres, root-relative."""
    features: Tensor
    """(N, L, J, C)."""

    def repeat_interleave(self, times: int) -> "Context":
        """Each window repeated `times` times in a row."""
        return Context(*(each.repeat_interleave(times, 0) for each in self))


class DiffPose(nn.Module):
    """Context encoder, initial distribution and graph denoiser.

    Args:
        trunk: the trained MixSTE's; frozen.
        denoiser: has KNOWN input channels, plus the trunk's if it sees the context.
        schedule: the noise schedule.
        parameterisation: of the denoiser's output: the pose, as a correction of the encoder's in
            units of pose_scale, or the noise.
        pose_scale: metres per unit of the denoiser's inputs and corrections.
        context: whether the denoiser sees the encoder's features.
    """

    is_deterministic = False
    unused_settings: tuple[str, ...] = ("start",)
    engines: tuple[str, ...] = ()

    def __init__(
        self,
        trunk: MixSTETrunk,
        denoiser: GraphDenoiser,
        schedule: Schedule,
        parameterisation: Parameterisation,
        pose_scale: float,
        context: bool,
    ) -> None:
        super().__init__()
        self.trunk = trunk.requires_grad_(False)
        self.head = PoseHead(trunk.head_norm.normalized_shape[0]).requires_grad_(False)
        self.denoiser = denoiser
        self.initial = InitialDistribution(trunk.temporal_position.shape[1])
        self.schedule = schedule
        self.parameterisation = parameterisation
        self.pose_scale = pose_scale
        self.context = context

    def train(self, mode: bool = True) -> "DiffPose":
        """Set the mode of all parts except the encoder, which stays in evaluation mode."""
        super().train(mode)
        self.trunk.eval()
        return self

    @torch.no_grad()
    def encode(self, x_2d: Tensor) -> Context:
        """The encoder's outputs for windows (B, L, J, 2) in the model's input view."""
        features = self.trunk(x_2d)
        pose = self.head(features)
        return Context(x_2d, pose - pose[:, :, :1], features)

    def forward(
        self, state: Tensor, t: int | Tensor, context: Context, component: Component
    ) -> Tensor:
        """The output (N, L, J, 3), whitened by the component, as the parameterisation defines it.

        The denoiser sees √ᾱ F (s - √ᾱ ŝ), the evidence of a noisy state s relative to the encoder's
        ŝ. If poses were distributed around the encoder's pose as the component is, that would be
        the mean of h_0 given s. It fades as the noise grows, so the denoiser need not learn to
        ignore noise.

        Args:
            state: (N, L, J, 3), noisy.
            t: one zero-based step, or the steps (N,).
            context: the encoder's outputs for the windows.
            component: drawn from the initial distribution.
        """
        signal, spread = self.schedule.signal_and_noise(t)
        apart = state - signal * component.state(context.pose)
        evidence = signal * (component.factor @ apart[..., None])[..., 0]
        unsure = spread * component.factor.norm(dim=-1)  # the standard deviation of x, y and z
        known = [evidence, unsure, context.pose]
        seen = [each / self.pose_scale for each in known] + [context.x_2d]
        x = torch.cat([*seen, context.features] if self.context else seen, -1)
        output = self.denoiser(x, as_steps(t, x).expand(len(x)))
        if not isinstance(self.parameterisation, PredictPose):
            return output
        return component.state(context.pose + self.pose_scale * output)

    def predict(
        self, state: Tensor, t: int | Tensor, context: Context, component: Component
    ) -> Prediction:
        """Clean states and noise; the arguments are those of `forward`."""
        output = self(state, t, context, component)
        return self.parameterisation.read(output, state, *self.schedule.signal_and_noise(t))

    def sample(self, inputs: SamplingInputs, engine: object = None) -> Tensor:
        """Poses (B·H, L, J, 3), metres, of B windows; the hypotheses of a window are adjacent.

        Hypotheses differ by their components and by their noise, which is antithetic.

        Args:
            inputs: with DDIM as the sampler, as published. Their initial state is not used.
            engine: not used; the model computes its networks itself.
        """
        context, hypotheses = self.encode(inputs.windows.x_2d), inputs.hypotheses
        variance = detector_variance(context.pose, inputs.windows)
        return self.sample_contexts(
            inputs.sampler,
            context.repeat_interleave(hypotheses),
            lambda: antithetic(inputs.noise(), hypotheses),
            variance.repeat_interleave(hypotheses, 0),
        )

    def sample_contexts(
        self, sampler: Sampler, context: Context, noise: Noise, variance: Tensor | None = None
    ) -> Tensor:
        """One pose (N, L, J, 3), metres, for each context and its noise.

        It starts at h_K = √ᾱ_K ĥ_0 + √(1-ᾱ_K) ε, with the encoder's pose ĥ_0 and ε from the drawn
        component. If ᾱ_K is nearly 0, that is a draw from the initial distribution, as published.
        If it is not, as in the released code's schedule, that is the state that the denoiser was
        trained on.

        Args:
            sampler: DDIM as published.
            context: the encoder's outputs for N windows.
            noise: standard normal, new at each call. The first draw selects the components.
            variance: (N, L, J, 2, 2) m², added to the mixtures' across the optical axis.
        """
        chance = torch.special.ndtr(noise()[:, 0, :, 0])
        component = self.initial.draw(context.pose, context.x_2d, chance)
        if variance is not None:
            component = widened(component, variance)

        def denoise(state: Tensor, t: int | Tensor) -> Prediction:
            return self.predict(state, t, context, component)

        states = sampler.sample(
            denoise,
            self.schedule,
            lambda: self.initial.along_time(noise()),
            NoisedPose(component.state(context.pose), self.schedule.steps - 1),
        )
        return component.pose(states)


def antithetic(noise: Tensor, hypotheses: int) -> Tensor:
    """Noise (B·H, ...) in which every second hypothesis has the negated noise of the one before.

    Its linear effect on the mean of a pair cancels, so a few hypotheses have nearly the mean of
    many.
    """
    by_window = noise.unflatten(0, (-1, hypotheses)).clone()
    paired = hypotheses // 2 * 2
    by_window[:, 1:paired:2] = -by_window[:, 0:paired:2]
    return by_window.flatten(0, 1)


def build_diffpose(trunk: MixSTETrunk, sizes: DiffPoseConfig) -> DiffPose:
    """The network around a trunk, with fresh weights.

    Raises:
        DiffhpeError: the configured prediction does not exist.
    """
    inputs = KNOWN + (trunk.head_norm.normalized_shape[0] if sizes.context else 0)
    frames = trunk.temporal_position.shape[1] if sizes.window else None
    denoiser = GraphDenoiser(inputs, sizes.channels, sizes.blocks, sizes.heads, sizes.steps, frames)
    return DiffPose(
        trunk,
        denoiser,
        SCHEDULES[sizes.schedule](sizes.steps),
        parameterisation(sizes.prediction),
        sizes.pose_scale,
        sizes.context,
    )
