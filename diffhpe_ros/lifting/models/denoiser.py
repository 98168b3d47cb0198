"""The graph-convolution denoiser of DiffHPE: 16 gated residual blocks, 3,209,843 parameters.

After DiffWave and CSDI, with convolutions over the skeleton and over time in each block.
"""

import math

import torch
from torch import Tensor, nn

from diffhpe_ros.lifting.diffusion.step_table import STEP_CHANNELS, step_table
from diffhpe_ros.lifting.models.graph import GraphLayer, NonLocal


class StepEmbedding(nn.Module):
    """Diffusion step → sines and cosines → two linear layers with SiLU."""

    table: Tensor

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.projection1 = nn.Linear(STEP_CHANNELS, STEP_CHANNELS)
        self.projection2 = nn.Linear(STEP_CHANNELS, STEP_CHANNELS)
        self.register_buffer("table", torch.from_numpy(step_table(steps)), False)

    def forward(self, t: Tensor) -> Tensor:
        """Zero-based steps (B,) → (B, 128)."""
        x = nn.functional.silu(self.projection1(self.table[t]))
        return nn.functional.silu(self.projection2(x))


class ResidualBlock(nn.Module):
    """Step embedding, time layer, feature layer, non-local layer, gate; residual and skip."""

    def __init__(self, channels: int, frames: int, dropout: float) -> None:
        super().__init__()
        self.diffusion_projection = nn.Linear(STEP_CHANNELS, channels)
        self.time_layer = GraphLayer(frames, dropout)
        self.feature_layer = GraphLayer(channels, dropout)
        self.non_local = NonLocal(channels)
        self.mid_projection = nn.Linear(channels, 2 * channels)
        self.output_projection = nn.Linear(channels, 2 * channels)
        nn.init.kaiming_normal_(self.mid_projection.weight)
        nn.init.kaiming_normal_(self.output_projection.weight)

    def forward(self, x: Tensor, step: Tensor) -> tuple[Tensor, Tensor]:
        """X (J, B, L, C) and step (B, 128) → next x and skip, both (J, B, L, C)."""
        y = x + self.diffusion_projection(step)[:, None, :]
        by_channel = y.transpose(2, 3)  # (J, B, C, L): the frames are the time layer's features
        y = self.time_layer(by_channel.flatten(1, 2)).view_as(by_channel).transpose(2, 3)
        y = self.non_local(self.feature_layer(y.flatten(1, 2)))  # (J, B·L, C)
        gate, signal = self.mid_projection(y).chunk(2, -1)
        y = self.output_projection(torch.sigmoid(gate) * torch.tanh(signal)).view(*x.shape[:3], -1)
        residual, skip = y.chunk(2, -1)
        return (x + residual) / math.sqrt(2.0), skip


class Denoiser(nn.Module):
    """Noisy poses and condition → the denoiser's prediction.

    Args:
        inputs: channels of the input: noisy pose and condition together.
        channels: width C.
        blocks: residual blocks.
        frames: window length L.
        steps: diffusion steps T.
        dropout: dropout rate of the graph layers.
    """

    def __init__(
        self,
        inputs: int,
        channels: int = 64,
        blocks: int = 16,
        frames: int = 27,
        steps: int = 50,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.diffusion_embedding = StepEmbedding(steps)
        self.input_projection = nn.Linear(inputs, channels)
        self.residual_layers = nn.ModuleList(
            ResidualBlock(channels, frames, dropout) for _ in range(blocks)
        )
        self.output_projection1 = nn.Linear(channels, channels)
        self.output_projection2 = nn.Linear(channels, 3)
        nn.init.kaiming_normal_(self.input_projection.weight)
        nn.init.kaiming_normal_(self.output_projection1.weight)
        nn.init.zeros_(self.output_projection2.weight)

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        """X (B, L, J, inputs), zero-based steps t (B,) → (B, L, J, 3)."""
        step = self.diffusion_embedding(t)
        y = self.input_projection(x.permute(2, 0, 1, 3)).relu()  # (J, B, L, C)
        skips = torch.zeros_like(y)
        for layer in self.residual_layers:
            y, skip = layer(y, step)
            skips = skips + skip
        y = self.output_projection1(skips / math.sqrt(len(self.residual_layers))).relu()
        with torch.autocast(x.device.type, enabled=False):  # bfloat16 would round to millimetres
            return self.output_projection2(y.float()).permute(1, 2, 0, 3)
