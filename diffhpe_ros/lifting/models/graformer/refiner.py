"""DiffPose as its code was released: a pose found by another network is refined by diffusion.

The state is (u, v, x, y, z) of each joint of one frame: the keypoints themselves are diffused along
with the pose. There is no context but that, and no mixture: see `lifting.models.diffpose` for the
paper's.
"""

import torch
from torch import Tensor, nn

from diffhpe_ros.lifting.diffusion.parameterisation import Prediction, PredictNoise
from diffhpe_ros.lifting.diffusion.schedule import LinearSchedule, Schedule, as_steps
from diffhpe_ros.lifting.models.diffpose.denoiser import GraphNetwork, SinusoidalStepEmbedding
from diffhpe_ros.lifting.models.diffpose.graph import ChebyshevResidualBlock
from diffhpe_ros.lifting.models.graformer.config import RefinerConfig
from diffhpe_ros.lifting.models.graformer.layers import GraFormerAttention, convolution, laplacian
from diffhpe_ros.lifting.models.graformer.pose import GraFormer
from diffhpe_ros.lifting.models.mixste import MixSTE

STATE = 5
"""Channels u, v, x, y, z."""


class Refiner(GraphNetwork):
    """Noisy states → their noise; 1,025,674 parameters as released."""

    def __init__(self, sizes: RefinerConfig) -> None:
        super().__init__()
        channels, blocks = sizes.channels, range(sizes.blocks)
        self.step = SinusoidalStepEmbedding(sizes.steps, channels)
        self.input = convolution(STATE, channels)
        self.attention = nn.ModuleList(GraFormerAttention(channels, sizes.heads) for _ in blocks)
        self.residual = nn.ModuleList(
            ChebyshevResidualBlock(channels, 4 * channels, nn.Identity(), laplacian())
            for _ in blocks
        )
        self.output = convolution(channels, STATE)


class ReleasedDiffPose(nn.Module):
    """A deterministic lifter and the denoiser that refines its poses.

    Its schedule ends where sampling begins: at the noisiest of the steps that are sampled.

    Args:
        encoder: trained.
        sizes: of the denoiser, and the steps.
    """

    def __init__(self, encoder: GraFormer | MixSTE, sizes: RefinerConfig) -> None:
        super().__init__()
        self.encoder = encoder
        self.denoiser = Refiner(sizes)
        self.schedule = Schedule(LinearSchedule(sizes.steps).beta[: sizes.sampled])

    def known(self, x_2d: Tensor) -> Tensor:
        """Windows (B, L, J, 2) → states (B, L, J, 5) of the keypoints and the encoder's poses."""
        pose = self.encoder(x_2d)
        return torch.cat([x_2d, pose - pose[:, :, :1]], -1)

    def denoise(self, state: Tensor, t: int | Tensor) -> Prediction:
        """Clean states and noise of (N, L, J, 5) at a zero-based step, or the step (N,) of each."""
        steps = as_steps(t, state.device).expand(len(state))
        noise = self.denoiser(state, steps)
        return PredictNoise().read(noise, state, *self.schedule.signal_and_noise(steps))
