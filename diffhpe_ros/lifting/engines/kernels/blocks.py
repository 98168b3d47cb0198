"""The folded engine's blocks with fused kernels."""

from functools import singledispatch

import torch
from torch import Tensor, nn

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting.engines.folded.buffers import keep
from diffhpe_ros.lifting.engines.folded.denoiser import FoldedResidualBlock
from diffhpe_ros.lifting.engines.folded.engines import (
    FoldedDiffHPE,
    FoldedDiffHPE2D,
    FoldedDiffHPEWrapper,
    FoldedMixSTE,
)
from diffhpe_ros.lifting.engines.folded.trunk import (
    FoldedSpatialBlock,
    FoldedTemporalBlock,
    FoldedTrunk,
)
from diffhpe_ros.lifting.engines.kernels.attention import attend
from diffhpe_ros.lifting.engines.kernels.gate import add_gated
from diffhpe_ros.lifting.engines.kernels.graph import mix
from diffhpe_ros.lifting.engines.kernels.non_local import attend_pairs

WIDTHS = (32, 64, 128)
"""Numbers of denoiser channels that the kernels support: powers of two whose tile fits
registers."""


class FusedResidualBlock(nn.Module):
    """`FoldedResidualBlock` in 8 launches instead of 27.

    Args:
        block: the folded one.
    """

    time: Tensor
    feature: Tensor
    gate: Tensor
    gate_bias: Tensor
    output: Tensor

    def __init__(self, block: FoldedResidualBlock) -> None:
        super().__init__()
        self.time_layer, self.feature_layer = block.time_layer, block.feature_layer
        self.non_local = block.non_local
        # Both products of a layer are one: stacked in the time layer, side by side in the feature
        # layer.
        keep(
            self,
            time=torch.cat([self.time_layer.own.mT, self.time_layer.others.mT], 1),
            feature=torch.cat([self.feature_layer.own, self.feature_layer.others], 2),
            gate=block.gate,
            gate_bias=block.gate_bias,
            output=block.output,
        )

    def forward(self, state: Tensor, step: Tensor) -> None:
        """See `FoldedResidualBlock.forward`."""
        joints, frames, _, both = state.shape
        channels = both // 2
        time, feature, non_local = self.time_layer, self.feature_layer, self.non_local
        x = (state[..., :channels] + step).view(joints, frames, -1)
        own, others = torch.bmm(self.time, x).chunk(2, 1)
        y = mix(own, others, time.bias[:, None], time.neighbours).view(joints, -1, channels)
        own, others = torch.bmm(y, self.feature).chunk(2, 2)
        y = mix(own, others, feature.bias[None], feature.neighbours)
        added = attend_pairs(
            y,
            y @ non_local.key_value,
            non_local.query,
            non_local.key,
            non_local.key_bias,
            non_local.value_bias,
        )
        add_gated(state, y, added, self.gate, self.gate_bias, non_local.output, self.output)


class FusedSpatialBlock(FoldedSpatialBlock):
    """Shares all of a folded block, but attends in one launch."""

    def __init__(self, block: FoldedSpatialBlock) -> None:
        nn.Module.__init__(self)
        vars(self).update(vars(block))

    def attend(self, query_key_value: Tensor) -> Tensor:
        """See `FoldedBlock.attend`."""
        return attend(query_key_value, tokens=0)


class FusedTemporalBlock(FoldedTemporalBlock):
    """Shares all of a folded block, but attends in one launch."""

    def __init__(self, block: FoldedTemporalBlock) -> None:
        nn.Module.__init__(self)
        vars(self).update(vars(block))

    def attend(self, query_key_value: Tensor) -> Tensor:
        """See `FoldedBlock.attend`."""
        return attend(query_key_value, tokens=1)


@singledispatch
def fuse_blocks(engine: nn.Module) -> None:
    """Replace the blocks of a folded engine.

    Raises:
        DiffhpeError: the kernels were not written for a network of these sizes.
    """
    raise DiffhpeError(f"there are no fused blocks for an engine {type(engine).__name__}")


@fuse_blocks.register
def _(engine: FoldedMixSTE) -> None:
    _fuse_trunk(engine.trunk)


@fuse_blocks.register
def _(engine: FoldedDiffHPE2D) -> None:
    _fuse_denoiser(engine)


@fuse_blocks.register
def _(engine: FoldedDiffHPEWrapper) -> None:
    _fuse_denoiser(engine)
    _fuse_trunk(engine.trunk)


def _fuse_denoiser(engine: FoldedDiffHPE) -> None:
    channels = engine.from_pose.shape[1]
    if channels not in WIDTHS:
        raise DiffhpeError(
            f"kernels 'triton' are for denoisers of {', '.join(map(str, WIDTHS))} channels,"
            f" not {channels}; use torch"
        )
    blocks = engine.denoiser.blocks
    engine.denoiser.blocks = nn.ModuleList(
        FusedResidualBlock(block) for block in blocks if isinstance(block, FoldedResidualBlock)
    )


def _fuse_trunk(trunk: FoldedTrunk) -> None:
    trunk.spatial = nn.ModuleList(
        FusedSpatialBlock(block) for block in trunk.spatial if isinstance(block, FoldedSpatialBlock)
    )
    trunk.temporal = nn.ModuleList(
        FusedTemporalBlock(block)
        for block in trunk.temporal
        if isinstance(block, FoldedTemporalBlock)
    )
