"""MixSTE's trunk for inference: the same features with fewer and larger operations.

Its weights come from `engines.folding.trunk`. Joints come first, as in the denoiser.

The softmax does not search for each row's largest number: over rows of 17 and 27 that would take
longer than all the rest of it. It divides after summing the values. Without that search, numbers
beyond `LARGEST` would overflow, so they are clamped to `LARGEST`. In the shipped models they stay
below 10.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from diffhpe_ros.lifting.engines.folded.buffers import keep, layer_norm, linear
from diffhpe_ros.lifting.engines.folding.trunk import TrunkBlockWeights, TrunkWeights

LARGEST = 60.0


class FoldedBlock(nn.Module):
    """The common part of attention over joints and over frames.

    Args:
        block: its folded weights.
    """

    query_key_value: Tensor
    query_key_value_bias: Tensor
    projection: Tensor
    projection_bias: Tensor
    hidden: Tensor
    hidden_bias: Tensor
    output: Tensor
    output_bias: Tensor

    def __init__(self, block: TrunkBlockWeights) -> None:
        super().__init__()
        self.heads, self.eps = block.heads, block.eps
        self.norm = layer_norm(block.norm)
        keep(
            self,
            query_key_value=block.query_key_value,
            query_key_value_bias=block.query_key_value_bias,
            projection=block.projection,
            projection_bias=block.projection_bias,
            hidden=block.hidden,
            hidden_bias=block.hidden_bias,
            output=block.output,
            output_bias=block.output_bias,
        )

    def forward(self, x: Tensor) -> Tensor:
        """X (J, L, B, C) → x after the block and its norm, of the same shape."""
        shape, channels = x.shape, x.shape[-1:]
        rows = x.reshape(-1, shape[-1])
        normed = functional.layer_norm(rows, channels, eps=self.eps)
        projected = torch.addmm(self.query_key_value_bias, normed, self.query_key_value)
        mixed = self.attend(projected.view(*shape[:3], 3, self.heads, -1))
        rows = torch.addmm(rows, mixed, self.projection).add_(self.projection_bias)
        normed = functional.layer_norm(rows, channels, eps=self.eps)
        hidden = functional.gelu(torch.addmm(self.hidden_bias, normed, self.hidden))
        rows = rows.addmm_(hidden, self.output).add_(self.output_bias)
        return self.norm(rows).view(shape)

    def attend(self, query_key_value: Tensor) -> Tensor:
        """(J, L, B, 3, heads, C / heads) → (J·L·B, C)."""
        raise NotImplementedError

    def weighted(self, query_key_value: Tensor) -> Tensor:
        """Attention of (3, ..., heads, tokens, C / heads) → (..., heads, tokens, C / heads)."""
        shape = query_key_value.shape[1:]
        query, key, value = query_key_value.reshape(3, -1, *shape[-2:]).unbind()
        weights = torch.bmm(query, key.mT).clamp_(-LARGEST, LARGEST).exp_()
        return torch.bmm(weights, value).div_(weights.sum(-1, keepdim=True)).view(shape)


class FoldedSpatialBlock(FoldedBlock):
    """Attention over the joints of each frame."""

    def attend(self, query_key_value: Tensor) -> Tensor:
        """See `FoldedBlock.attend`."""
        mixed = self.weighted(query_key_value.permute(3, 1, 2, 4, 0, 5))
        return mixed.permute(3, 0, 1, 2, 4).reshape(-1, len(self.projection))


class FoldedTemporalBlock(FoldedBlock):
    """Attention over the frames of each joint."""

    def attend(self, query_key_value: Tensor) -> Tensor:
        """See `FoldedBlock.attend`."""
        mixed = self.weighted(query_key_value.permute(3, 0, 2, 4, 1, 5))
        return mixed.permute(0, 3, 1, 2, 4).reshape(-1, len(self.projection))


class FoldedTrunk(nn.Module):
    """A trained trunk.

    Args:
        trunk: its folded weights.
    """

    spatial_position: Tensor
    temporal_position: Tensor

    def __init__(self, trunk: TrunkWeights) -> None:
        super().__init__()
        self.embed = linear(trunk.embed)
        # (J, 1, 1, C) and (L, 1, C), to broadcast over (J, L, B, C)
        keep(
            self,
            spatial_position=trunk.spatial_position[:, None, None],
            temporal_position=trunk.temporal_position[:, None],
        )
        self.spatial = nn.ModuleList(FoldedSpatialBlock(block) for block in trunk.spatial)
        self.temporal = nn.ModuleList(FoldedTemporalBlock(block) for block in trunk.temporal)
        self.head_norm = layer_norm(trunk.head_norm)

    def forward(self, x_2d: Tensor) -> Tensor:
        """(J, L, B, 2), 0 where unseen → features (J, L, B, C)."""
        x = self.embed(x_2d) + self.spatial_position
        for index, (spatial, temporal) in enumerate(zip(self.spatial, self.temporal, strict=True)):
            x = spatial(x)
            if index == 0:
                x = x + self.temporal_position
            x = temporal(x)
        return self.head_norm(x)
