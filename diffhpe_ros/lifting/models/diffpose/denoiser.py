"""DiffPose's graph denoiser: pairs of a graph attention and a Chebyshev residual block."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from diffhpe_ros.lifting.models.diffpose.graph import (
    ChebyshevConvolution,
    ChebyshevResidualBlock,
    GraphAttention,
    TimeMixing,
)

LONGEST_PERIOD = 1e4


class SinusoidalStepEmbedding(nn.Module):
    """Diffusion step → sines and cosines (C) → linear, SiLU, linear, SiLU (4 C)."""

    table: Tensor

    def __init__(self, steps: int, channels: int) -> None:
        super().__init__()
        half = channels // 2
        frequencies = torch.exp(-math.log(LONGEST_PERIOD) * torch.arange(half) / (half - 1))
        arguments = torch.arange(steps)[:, None] * frequencies
        self.register_buffer("table", torch.cat([arguments.sin(), arguments.cos()], 1), False)
        self.linear1 = nn.Linear(channels, 4 * channels)
        self.linear2 = nn.Linear(4 * channels, 4 * channels)

    def forward(self, t: Tensor) -> Tensor:
        """Zero-based steps (B,) → (B, 4 C)."""
        return functional.silu(self.linear2(functional.silu(self.linear1(self.table[t]))))


class GraphNetwork(nn.Module):
    """A convolution, pairs of an attention and a step-dependent residual block, a convolution.

    Subclasses define these layers and the initial weights.
    """

    step: SinusoidalStepEmbedding
    input: ChebyshevConvolution
    attention: nn.ModuleList
    residual: nn.ModuleList
    output: ChebyshevConvolution

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        """X (B, L, J, inputs), zero-based steps t (B,) → (B, L, J, outputs)."""
        step = self.step(t)
        x = x.permute(2, 0, 1, 3)  # (J, B, L, inputs)
        y = self.input(x.flatten(1, 2)).unflatten(1, x.shape[1:3])
        for attention, residual in zip(self.attention, self.residual, strict=True):
            y = residual(attention(y.flatten(1, 2)).view_as(y), step)
        with torch.autocast(x.device.type, enabled=False):  # bfloat16 would round to millimetres
            output = self.output(y.flatten(1, 2).float())
        return output.unflatten(1, x.shape[1:3]).permute(1, 2, 0, 3)


class GraphDenoiser(GraphNetwork):
    """Noisy poses and what is known about them → three numbers for each joint.

    Args:
        inputs: channels of the input.
        channels: width C; a multiple of the heads and of 8.
        blocks: pairs of a graph attention and a Chebyshev residual block; 5 as published, with 96
            channels.
        heads: attention heads.
        steps: diffusion steps K.
        frames: window length L, for blocks that mix the frames; None for the frame version, which
            treats each frame separately, so that any frame may be left out.
    """

    def __init__(
        self,
        inputs: int,
        channels: int,
        blocks: int,
        heads: int,
        steps: int,
        frames: int | None = None,
    ) -> None:
        super().__init__()
        self.step = SinusoidalStepEmbedding(steps, channels)
        self.input = ChebyshevConvolution(inputs, channels)
        self.attention = nn.ModuleList(GraphAttention(channels, heads) for _ in range(blocks))
        self.residual = nn.ModuleList(
            ChebyshevResidualBlock(
                channels, 4 * channels, nn.Identity() if frames is None else TimeMixing(frames)
            )
            for _ in range(blocks)
        )
        self.output = ChebyshevConvolution(channels, 3)
        nn.init.zeros_(self.output.linear.weight)
        nn.init.zeros_(self.output.linear.bias)
