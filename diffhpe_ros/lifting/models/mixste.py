"""MixSTE: alternating attention over joints and over frames (Zhang et al., CVPR 2022).

The small version that DiffHPE uses: 64 channels, 8 pairs of blocks, 539,139 parameters.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from diffhpe_ros.lifting.models.base import OWN_ENGINES, DeterministicModel


class Attention(nn.Module):
    """Multi-head self-attention along the second to last dimension."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.scale = (channels // heads) ** -0.5
        self.qkv = nn.Linear(channels, 3 * channels)
        self.proj = nn.Linear(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """(N, tokens, C) → (N, tokens, C)."""
        n, tokens, channels = x.shape
        qkv = self.qkv(x).view(n, tokens, 3, self.heads, channels // self.heads)
        # One copy here saves one for each of q, k and v, forwards and backwards.
        q, k, v = qkv.permute(2, 0, 3, 1, 4).contiguous().unbind(0)  # (N, heads, tokens, C/heads)
        # With heads 8 wide, this is twice as fast on a CPU as scaled_dot_product_attention.
        attention = ((q * self.scale) @ k.transpose(-2, -1)).softmax(-1)
        return self.proj((attention @ v).transpose(1, 2).reshape(n, tokens, channels))


class FeedForward(nn.Module):
    """Two linear layers with an exact GELU between."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(channels, hidden)
        self.fc2 = nn.Linear(hidden, channels)

    def forward(self, x: Tensor) -> Tensor:
        """(..., C) → (..., C)."""
        return self.fc2(functional.gelu(self.fc1(x)))


class Block(nn.Module):
    """Pre-norm transformer block with stochastic depth."""

    def __init__(self, channels: int, heads: int, mlp_ratio: float, drop_path: float) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(channels, eps=1e-6)
        self.attn = Attention(channels, heads)
        self.norm2 = nn.LayerNorm(channels, eps=1e-6)
        self.mlp = FeedForward(channels, int(channels * mlp_ratio))
        self.drop_path = drop_path

    def forward(self, x: Tensor) -> Tensor:
        """(N, tokens, C) → (N, tokens, C)."""
        x = x + self._drop(self.attn(self.norm1(x)))
        return x + self._drop(self.mlp(self.norm2(x)))

    def _drop(self, branch: Tensor) -> Tensor:
        """In training, drop the whole branch for random sequences."""
        if not self.training or self.drop_path == 0.0:
            return branch
        keep = 1.0 - self.drop_path
        mask = torch.empty(len(branch), 1, 1, device=branch.device).bernoulli_(keep)
        return branch * (mask / keep)


class MixSTETrunk(nn.Module):
    """2D windows → features, the condition of DiffHPE-Wrapper.

    Args:
        frames: window length L.
        joints: number of joints J.
        channels: width C.
        depth: pairs of a spatial and a temporal block.
        heads: attention heads; divides `channels`.
        mlp_ratio: hidden width of the feed-forward layers divided by `channels`.
        drop_path: stochastic depth of the last pair; grows linearly from 0 at the first.
    """

    def __init__(
        self,
        frames: int = 27,
        joints: int = 17,
        channels: int = 64,
        depth: int = 8,
        heads: int = 8,
        mlp_ratio: float = 2.0,
        drop_path: float = 0.0,
    ) -> None:
        super().__init__()
        self.embed = nn.Linear(2, channels)
        self.spatial_position = nn.Parameter(torch.zeros(1, joints, channels))
        self.temporal_position = nn.Parameter(torch.zeros(1, frames, channels))
        rates = torch.linspace(0.0, drop_path, depth).tolist()
        self.spatial = nn.ModuleList(Block(channels, heads, mlp_ratio, rate) for rate in rates)
        self.temporal = nn.ModuleList(Block(channels, heads, mlp_ratio, rate) for rate in rates)
        # One norm for all spatial blocks and one for all temporal ones, as released.
        self.spatial_norm = nn.LayerNorm(channels, eps=1e-6)
        self.temporal_norm = nn.LayerNorm(channels, eps=1e-6)
        self.head_norm = nn.LayerNorm(channels)

    def forward(self, x_2d: Tensor) -> Tensor:
        """(B, L, J, 2), 0 where unseen → features (B, L, J, C)."""
        batch, frames, joints, _ = x_2d.shape
        x = self.embed(x_2d).flatten(0, 1) + self.spatial_position  # (B·L, J, C)
        for index, (spatial, temporal) in enumerate(zip(self.spatial, self.temporal, strict=True)):
            x = self.spatial_norm(spatial(x))
            x = x.unflatten(0, (batch, frames)).transpose(1, 2).flatten(0, 1)  # (B·J, L, C)
            if index == 0:
                x = x + self.temporal_position
            x = self.temporal_norm(temporal(x))
            x = x.unflatten(0, (batch, joints)).transpose(1, 2).flatten(0, 1)  # (B·L, J, C)
        return self.head_norm(x).unflatten(0, (batch, frames))


class PoseHead(nn.Linear):
    """Features (..., channels) → poses (..., 3) in metres, in single precision.

    In mixed precision, bfloat16 would round the poses to millimetres.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels, 3)

    def forward(self, features: Tensor) -> Tensor:
        """The poses."""
        with torch.autocast(features.device.type, enabled=False):
            return super().forward(features.float())


class MixSTE(DeterministicModel, nn.Module):
    """The deterministic lifter: the trunk and one linear layer."""

    engines = OWN_ENGINES

    def __init__(self, trunk: MixSTETrunk) -> None:
        super().__init__()
        self.trunk = trunk
        self.head = PoseHead(trunk.head_norm.normalized_shape[0])

    def forward(self, x_2d: Tensor) -> Tensor:
        """(B, 27, 17, 2) in the model's input view → poses (B, 27, 17, 3), metres."""
        return self.head(self.trunk(x_2d))
