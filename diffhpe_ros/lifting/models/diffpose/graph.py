"""Layers of DiffPose's graph denoiser, after GraFormer (Zhao et al., CVPR 2022).

Tensors are joint-major, (J, N, C): one product over the joints serves all N graphs at once.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from diffhpe_ros.skeleton import BONES, NUM_JOINTS

ORDER = 2
"""Order of the Chebyshev polynomials: a joint sees its neighbours' neighbours."""
TIME_GROUPS = 8
"""Groups of channels, each with its own weights between frames."""


def scaled_laplacian() -> Tensor:
    """L - I of the skeleton, (17, 17), with the normalised Laplacian L = I - D^{-1/2} A D^{-1/2}.

    This takes the largest eigenvalue of L to be 2.
    """
    adjacency = torch.zeros(NUM_JOINTS, NUM_JOINTS)
    for parent, child in BONES:
        adjacency[parent, child] = adjacency[child, parent] = 1.0
    scale = adjacency.sum(1).rsqrt()
    return -scale[:, None] * adjacency * scale


def chebyshev_polynomials(laplacian: Tensor, order: int = ORDER) -> Tensor:
    """T_1 … T_order of a Laplacian, (order, 17, 17): T_0 = I, T_k = 2 T_1 T_{k-1} - T_{k-2}."""
    polynomials = [torch.eye(len(laplacian)), laplacian]
    while len(polynomials) <= order:
        polynomials.append(2 * laplacian @ polynomials[-1] - polynomials[-2])
    return torch.stack(polynomials[1:])


def mix_joints(mixing: Tensor, x: Tensor) -> Tensor:
    """Σ_k mixing_jk x_k: (17, 17) and (17, N, C) → (17, N, C)."""
    return (mixing @ x.flatten(1)).view_as(x)


class ChebyshevConvolution(nn.Module):
    """y = Σ_k T_k x W_k + b (Defferrard et al., 2016).

    Args:
        inputs: channels.
        outputs: channels.
        laplacian: T_1, (17, 17); the skeleton's scaled one if not given.
    """

    polynomials: Tensor

    def __init__(self, inputs: int, outputs: int, laplacian: Tensor | None = None) -> None:
        super().__init__()
        self.linear = nn.Linear((ORDER + 1) * inputs, outputs)
        first = scaled_laplacian() if laplacian is None else laplacian
        self.register_buffer("polynomials", chebyshev_polynomials(first), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """(J, N, inputs) → (J, N, outputs)."""
        return self.linear(torch.cat([x, *(mix_joints(each, x) for each in self.polynomials)], -1))


class GraphAttention(nn.Module):
    """Attention over the joints, then a feed-forward network through a learned graph."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1: nn.Module = nn.LayerNorm(channels)
        self.query_key_value = nn.Linear(channels, 3 * channels)
        self.projection = nn.Linear(channels, channels)
        self.norm2: nn.Module = nn.LayerNorm(channels)
        self.graph = nn.Parameter(torch.eye(NUM_JOINTS))
        self.hidden = nn.Linear(channels, 2 * channels)
        self.output = nn.Linear(2 * channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """(J, N, C) → (J, N, C)."""
        x = x + self._attend(self.norm1(x))
        return x + self._feed_forward(self.norm2(x))

    def _feed_forward(self, x: Tensor) -> Tensor:
        graph = functional.normalize(self.graph.abs(), p=1.0, dim=1)
        return self.output(functional.relu(self.hidden(mix_joints(graph, x))))

    def _attend(self, x: Tensor) -> Tensor:
        joints, graphs, channels = x.shape
        width = channels // self.heads
        parts = self.query_key_value(x).view(joints, graphs, 3, self.heads, width)
        # One copy here saves one for each of q, k and v, forwards and backwards.
        q, k, v = parts.permute(2, 1, 3, 0, 4).contiguous().unbind(0)  # (N, heads, J, width)
        attention = ((q / math.sqrt(width)) @ k.transpose(-2, -1)).softmax(-1)
        return self.projection((attention @ v).permute(2, 0, 1, 3).reshape(x.shape))


class TimeMixing(nn.Module):
    """Adds information from the window's other frames to each frame, joint by joint.

    The published denoiser sees one frame. Without this layer, frames are connected only through the
    encoder's features, which leaves an error that differs from frame to frame.
    """

    def __init__(self, frames: int) -> None:
        super().__init__()
        self.mixing = nn.Parameter(torch.zeros(TIME_GROUPS, frames, frames))

    def forward(self, x: Tensor) -> Tensor:
        """(J, B, L, C) → (J, B, L, C)."""
        by_group = x.unflatten(-1, (TIME_GROUPS, -1)).permute(2, 3, 0, 1, 4)  # (L, G, J, B, C/G)
        mixed = self.mixing @ by_group.flatten(2).transpose(0, 1)  # (G, L, J·B·C/G)
        mixed = mixed.unflatten(2, by_group.shape[2:]).permute(2, 3, 1, 0, 4)
        return x + mixed.reshape(x.shape)


class ChebyshevResidualBlock(nn.Module):
    """Two Chebyshev convolutions; between them the step is added and the frames are mixed.

    Args:
        channels: width C.
        step_channels: channels S of the embedded step.
        time: mixes the frames, or leaves them unchanged.
        laplacian: for the convolutions; the skeleton's scaled one if not given.
    """

    def __init__(
        self, channels: int, step_channels: int, time: nn.Module, laplacian: Tensor | None = None
    ) -> None:
        super().__init__()
        self.convolution1 = ChebyshevConvolution(channels, channels, laplacian)
        self.step = nn.Linear(step_channels, channels)
        self.time = time
        self.convolution2 = ChebyshevConvolution(channels, channels, laplacian)

    def forward(self, x: Tensor, step: Tensor) -> Tensor:
        """X (J, B, L, C) and the embedded step (B, S) → (J, B, L, C)."""
        y = functional.relu(self.convolution1(x.flatten(1, 2)).view_as(x))
        y = self.time(y + self.step(step)[:, None, :])
        return x + functional.relu(self.convolution2(y.flatten(1, 2)).view_as(x))
