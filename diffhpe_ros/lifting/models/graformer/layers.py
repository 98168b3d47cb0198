"""Layers as in the code of GraFormer (Zhao et al., CVPR 2022); tensors are (J, N, C).

Attention, convolutions and the step embedding come from `lifting.models.diffpose`. Three things
differ: the graph of the convolutions, the norm, and the learned graph, which is applied twice.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from diffhpe_ros.lifting.models.diffpose.graph import (
    ChebyshevConvolution,
    GraphAttention,
    mix_joints,
)
from diffhpe_ros.lifting.skeleton_graph import skeleton_adjacency
from diffhpe_ros.skeleton import NUM_JOINTS

NORM_EPS = 1e-6
DEGREE_EPS = 1e-5


def laplacian() -> Tensor:
    """I - D^{-1} (A + I) of the skeleton, (17, 17): not scaled to -1…1, with self-loops."""
    return torch.eye(NUM_JOINTS) - torch.from_numpy(skeleton_adjacency())


def convolution(inputs: int, outputs: int) -> ChebyshevConvolution:
    """A Chebyshev convolution of order 2 on GraFormer's graph."""
    return ChebyshevConvolution(inputs, outputs, laplacian())


class Norm(nn.Module):
    """(x - mean) / (σ + ε) · weight + bias over the channels, σ with C - 1 in its denominator."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """(..., C) → (..., C)."""
        std, mean = torch.std_mean(x, -1, keepdim=True)
        return self.weight * (x - mean) / (std + NORM_EPS) + self.bias


class GraFormerAttention(GraphAttention):
    """Attention over the joints, then two layers, each through the learned graph."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__(channels, heads)
        self.norm1 = Norm(channels)
        self.norm2 = Norm(channels)

    def _feed_forward(self, x: Tensor) -> Tensor:
        scale = (self.graph.sum(0) + DEGREE_EPS).rsqrt()
        graph = scale[:, None] * self.graph * scale
        hidden = functional.relu(self.hidden(mix_joints(graph, x)))
        return self.output(mix_joints(graph, hidden))


class ConvolutionPair(nn.Module):
    """Two Chebyshev convolutions plus their input: a residual block without a step."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.convolution1 = convolution(channels, channels)
        self.convolution2 = convolution(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """(J, N, C) → (J, N, C)."""
        y = functional.relu(self.convolution1(x))
        return x + functional.relu(self.convolution2(y))
