"""DiffPose as in its released code: diffusion refines a pose found by another network.

The state is (u, v, x, y, z) of each joint of one frame: the keypoints themselves are diffused along
with the pose. There is no other context and no mixture; `lifting.models.diffpose` has the paper's
version.
"""

import torch
from torch import Tensor, nn

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting.arrays import as_steps, sqrt
from diffhpe_ros.lifting.diffusion.parameterisation import Prediction, PredictNoise
from diffhpe_ros.lifting.diffusion.schedule import LinearSchedule, Schedule
from diffhpe_ros.lifting.models.base import SamplingInputs
from diffhpe_ros.lifting.models.diffpose.denoiser import GraphNetwork, SinusoidalStepEmbedding
from diffhpe_ros.lifting.models.diffpose.graph import ChebyshevResidualBlock
from diffhpe_ros.lifting.models.graformer.config import RefinerConfig
from diffhpe_ros.lifting.models.graformer.layers import GraFormerAttention, convolution, laplacian
from diffhpe_ros.lifting.models.graformer.pose import GraFormer
from diffhpe_ros.lifting.models.mixste import MixSTE

STATE = 5
"""Channels u, v, x, y, z."""
KEYPOINT_NOISE = 0.1
"""The keypoints' noise as a share of the poses' noise, as in the video version's code. The frame
version reads it from a file of mixtures, which is not available live."""


class Refiner(GraphNetwork):
    """Predicts the noise of noisy states; 1,025,674 parameters as released."""

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

    Its schedule ends where sampling begins, at the noisiest sampled step.

    Args:
        encoder: trained.
        sizes: the denoiser's sizes, and the steps.
    """

    is_deterministic = False
    unused_settings: tuple[str, ...] = ("start",)
    engines: tuple[str, ...] = ()

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
        """Clean states and noise of (N, L, J, 5) at one zero-based step, or at steps (N,)."""
        noise = self.denoiser(state, as_steps(t, state).expand(len(state)))
        return PredictNoise().read(noise, state, *self.schedule.signal_and_noise(t))

    def sample(self, inputs: SamplingInputs, engine: object = None) -> Tensor:
        """Poses (B·H, L, J, 3), metres, of B windows, by the released test procedure.

        The first hypothesis of a window is what the released code gives: the reverse process starts
        at the encoder's pose itself, without noise. The others start at that pose with the noise of
        that step added.

        Args:
            inputs: with DDIM as the sampler, as released. Their initial state is not used.
            engine: not used; the model computes its networks itself.
        """
        visited = leading_steps(inputs.sampler.steps, self.schedule.steps)

        def noise_of_states() -> Tensor:
            return torch.cat([KEYPOINT_NOISE * inputs.noise()[..., :2], inputs.noise()], -1)

        apart = noise_of_states()
        apart[:: inputs.hypotheses] = 0.0
        known = self.known(inputs.windows.x_2d).repeat_interleave(inputs.hypotheses, 0)
        start = known + sqrt(1 - self.schedule.at(visited[0])) * apart
        states = inputs.sampler.reverse(
            start, visited, self.denoise, self.schedule, noise_of_states
        )
        return states[..., 2:]


def leading_steps(steps: int, total: int) -> list[int]:
    """Evenly spaced steps, falling to 0: for a total of 24, two steps are 12 and 0; one is 0.

    Raises:
        DiffhpeError: `steps` is not in 1…total.
    """
    if not 1 <= steps <= total:
        raise DiffhpeError(f"sampling steps must be 1 to {total}, got {steps}")
    return [k * (total // steps) for k in reversed(range(steps))]
