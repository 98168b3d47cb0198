"""GraFormer: keypoints of one frame → its pose, by graph attention (Zhao et al., CVPR 2022)."""

from torch import Tensor, nn

from diffhpe_ros.lifting.models.base import DeterministicModel
from diffhpe_ros.lifting.models.graformer.config import GraFormerConfig
from diffhpe_ros.lifting.models.graformer.layers import (
    ConvolutionPair,
    GraFormerAttention,
    convolution,
)


class GraFormer(DeterministicModel, nn.Module):
    """The deterministic single-frame lifter: 654,344 parameters as released.

    Args:
        sizes: the sizes of its layers.
    """

    def __init__(self, sizes: GraFormerConfig) -> None:
        super().__init__()
        channels, blocks = sizes.channels, range(sizes.blocks)
        self.input = convolution(2, channels)
        self.attention = nn.ModuleList(GraFormerAttention(channels, sizes.heads) for _ in blocks)
        self.residual = nn.ModuleList(ConvolutionPair(channels) for _ in blocks)
        self.output = convolution(channels, 3)

    def forward(self, x_2d: Tensor) -> Tensor:
        """(B, L, J, 2) in the model's input view → poses (B, L, J, 3), metres; frame by frame."""
        y = self.input(x_2d.permute(2, 0, 1, 3).flatten(1, 2))  # (J, B·L, C)
        for attention, residual in zip(self.attention, self.residual, strict=True):
            y = residual(attention(y))
        return self.output(y).unflatten(1, x_2d.shape[:2]).permute(1, 2, 0, 3)
