"""The denoiser for inference: the same output with half of the passes over memory.

Its weights come from `engines.folding.denoiser`. Tensors are (J, L, N, C) from the condition to the
output. The time layer multiplies from the left, all other layers from the right, so nothing is
permuted.
"""

import torch
from torch import Tensor, nn

from diffhpe_ros.lifting.engines.folded.buffers import keep, linear
from diffhpe_ros.lifting.engines.folding.denoiser import (
    DenoiserWeights,
    GraphLayerWeights,
    NonLocalWeights,
    ResidualBlockWeights,
)
from diffhpe_ros.lifting.skeleton_graph import POOL


class FoldedGraphLayer(nn.Module):
    """Decoupled graph convolution, BatchNorm and ReLU; see `FoldedTimeLayer` for the time layer.

    Args:
        layer: its folded weights.
    """

    own: Tensor
    others: Tensor
    bias: Tensor
    neighbours: Tensor

    def __init__(self, layer: GraphLayerWeights) -> None:
        super().__init__()
        keep(
            self,
            own=layer.own,
            others=layer.others,
            bias=layer.bias,
            neighbours=layer.neighbours,
        )

    def forward(self, x: Tensor) -> Tensor:
        """(J, R, F) → (J, R, F)."""
        return self.mix(torch.baddbmm(self.bias, x, self.own), torch.bmm(x, self.others))

    def mix(self, own: Tensor, others: Tensor) -> Tensor:
        """Add the neighbours' messages to each joint."""
        mixed = own.flatten(1).addmm_(self.neighbours, others.flatten(1))
        return mixed.relu_().view_as(own)


class FoldedTimeLayer(FoldedGraphLayer):
    """The graph layer whose features are the frames."""

    def forward(self, x: Tensor) -> Tensor:
        """(J, L, R) → (J, L, R)."""
        own = torch.baddbmm(self.bias[:, None], self.own.mT, x)
        return self.mix(own, torch.bmm(self.others.mT, x))


class FoldedNonLocal(nn.Module):
    """The non-local layer and the linear map after it: a term added to that map's output.

    Args:
        layer: its folded weights.
    """

    query: Tensor
    key_value: Tensor
    key: Tensor
    key_bias: Tensor
    value_bias: Tensor
    output: Tensor

    def __init__(self, layer: NonLocalWeights) -> None:
        super().__init__()
        keep(
            self,
            query=layer.query,
            key_value=layer.key_value,
            key=layer.key,
            key_bias=layer.key_bias,
            value_bias=layer.value_bias,
            output=layer.output,
        )

    def forward(self, x: Tensor) -> Tensor:
        """X (J, R, C) → what is added (J·R, C / 2), before `output`."""
        inner = len(self.key)
        pairs = x @ self.key_value
        pooled = torch.maximum(pairs[0:-1:POOL], pairs[1::POOL])  # (keys, R, C)
        of_key = pooled[..., :inner] @ self.key + self.key_bias  # (keys, R)
        values = (pooled[..., inner:] + self.value_bias).transpose(0, 1).contiguous()
        of_query = (x @ self.query).t().contiguous()  # (R, J)
        affinity = (of_query[:, :, None] + of_key.t().contiguous()[:, None, :]).relu_()
        return torch.bmm(affinity, values).transpose(0, 1).reshape(-1, inner)


class FoldedResidualBlock(nn.Module):
    """One block, on its residual stream.

    Args:
        block: its folded weights.
    """

    gate: Tensor
    gate_bias: Tensor
    output: Tensor

    def __init__(self, block: ResidualBlockWeights) -> None:
        super().__init__()
        self.time_layer = FoldedTimeLayer(block.time_layer)
        self.feature_layer = FoldedGraphLayer(block.feature_layer)
        self.non_local = FoldedNonLocal(block.non_local)
        keep(self, gate=block.gate, gate_bias=block.gate_bias, output=block.output)

    def forward(self, state: Tensor, step: Tensor) -> None:
        """Update state (J, L, N, 2·C), x next to the skips, in place, for step (N or 1, C)."""
        joints, frames, _, both = state.shape
        channels = both // 2
        y = self.time_layer((state[..., :channels] + step).view(joints, frames, -1))
        y = self.feature_layer(y.view(joints, -1, channels))
        added = self.non_local(y)
        y = torch.addmm(self.gate_bias, y.flatten(0, 1), self.gate)
        gate, signal = y.addmm_(added, self.non_local.output).tanh_().chunk(2, 1)
        state.view(-1, both).addmm_(torch.addcmul(signal, gate, signal), self.output)


class FoldedDenoiser(nn.Module):
    """A trained denoiser after its input projection.

    Args:
        denoiser: its folded weights.
    """

    steps: Tensor

    def __init__(self, denoiser: DenoiserWeights) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(FoldedResidualBlock(block) for block in denoiser.blocks)
        keep(self, steps=denoiser.steps)  # (T, blocks, C)
        self.output1 = linear(denoiser.output1)
        self.output2 = linear(denoiser.output2)

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        """X (J, L, N, C), zero-based steps t (N,) or (1,) → (J, L, N, 3)."""
        state = torch.cat([x, torch.zeros_like(x)], -1)
        steps = self.steps[t]
        for number, block in enumerate(self.blocks):
            block(state, steps[:, number])
        skips = state[..., x.shape[-1] :]
        return self.output2(self.output1(skips).relu_())
