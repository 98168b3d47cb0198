"""The denoiser for inference: the same output with half of the passes over memory.

- Tensors are (J, L, N, C) from the condition to the output: the time layer multiplies from the
  left, all others from the right, and nothing is permuted. Joints are in `PART_ORDER`, so that
  the non-local layer pools neighbours.
- BatchNorms, the step embeddings (a table) and the non-local layer's last linear maps are folded
  into the neighbouring operations.
- The residual stream is kept without its factors 1/√2 and its biases: block n's weights are
  scaled by √2ⁿ instead, and the biases wait in the table of steps.
"""

import math

import torch
from torch import Tensor, nn

from diffhpe_ros.lifting.engines.folded.norms import batch_norm_line, keep
from diffhpe_ros.lifting.models.denoiser import Denoiser, ResidualBlock
from diffhpe_ros.lifting.models.graph import POOL, GraphLayer, NonLocal


class FoldedGraphLayer(nn.Module):
    """Decoupled graph convolution, BatchNorm and ReLU; see `FoldedTimeLayer` for the time layer.

    Args:
        layer: the trained one.
        order: of the joints, (J,).
        scale: of the input, which the weights take back.
    """

    own: Tensor
    others: Tensor
    bias: Tensor
    neighbours: Tensor

    def __init__(self, layer: GraphLayer, order: Tensor, scale: float = 1.0) -> None:
        super().__init__()
        convolution = layer.gconv
        gain, shift = batch_norm_line(layer.bn)
        own, others = convolution.W[:, order] * gain / scale
        keep(
            self,
            own=convolution.own[order] * own,
            others=others,
            bias=convolution.bias * gain + shift,
            neighbours=convolution.others[order][:, order],
        )

    def forward(self, x: Tensor) -> Tensor:
        """(J, R, F) → (J, R, F)."""
        return self.mix(torch.baddbmm(self.bias, x, self.own), torch.bmm(x, self.others))

    def mix(self, own: Tensor, others: Tensor) -> Tensor:
        """Add to each joint what its neighbours send."""
        mixed = own.flatten(1).addmm_(self.neighbours, others.flatten(1))
        return mixed.relu_().view_as(own)


class FoldedTimeLayer(FoldedGraphLayer):
    """The graph layer whose features are the frames."""

    def forward(self, x: Tensor) -> Tensor:
        """(J, L, R) → (J, L, R)."""
        own = torch.baddbmm(self.bias[:, None], self.own.mT, x)
        return self.mix(own, torch.bmm(self.others.mT, x))


class FoldedNonLocal(nn.Module):
    """The non-local layer and the linear map after it, as what is added to that map's output.

    The affinity ReLU(q_i + k_j) needs one number of each query and one of each key; the last
    linear map, its BatchNorm and the map that follows are one matrix.

    Args:
        layer: the trained one.
        following: weight (C, out) of the map that follows.
    """

    query: Tensor
    key_value: Tensor
    key: Tensor
    key_bias: Tensor
    value_bias: Tensor
    output: Tensor

    def __init__(self, layer: NonLocal, following: Tensor) -> None:
        super().__init__()
        inner = layer.g.out_features
        w_theta, w_phi = layer.affinity.weight[0].detach().split(inner)
        gain, shift = batch_norm_line(layer.bn)
        keys = len(layer.order) // POOL
        keep(
            self,
            query=layer.theta.weight.t() @ w_theta,
            key_value=torch.cat([layer.phi.weight, layer.g.weight]).t(),
            key=w_phi,
            key_bias=layer.theta.bias @ w_theta + layer.phi.bias @ w_phi,
            value_bias=layer.g.bias,
            output=(gain[:, None] * layer.out.weight).t() @ following / keys,
        )
        self.constant = ((gain * layer.out.bias + shift) @ following).detach()

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
    """One block, on a residual stream that is `scale` times as large as in the trained model.

    Args:
        block: the trained one.
        order: of the joints, (J,).
        scale: √2 to the block's number.
        skip_scale: of what it adds to the skips.
    """

    gate: Tensor
    gate_bias: Tensor
    output: Tensor

    def __init__(
        self, block: ResidualBlock, order: Tensor, scale: float, skip_scale: float
    ) -> None:
        super().__init__()
        self.time_layer = FoldedTimeLayer(block.time_layer, order, scale)
        self.feature_layer = FoldedGraphLayer(block.feature_layer, order)
        # sigmoid(gate) = (1 + tanh(gate / 2)) / 2, so that one tanh does for both halves.
        width = block.mid_projection.out_features // 2
        halves = torch.cat([torch.full((width,), 0.5), torch.ones(width)])
        gate = block.mid_projection.weight.t() * halves
        self.non_local = FoldedNonLocal(block.non_local, gate)
        residual, skip = block.output_projection.weight.t().chunk(2, 1)
        keep(
            self,
            gate=gate,
            gate_bias=block.mid_projection.bias * halves + self.non_local.constant,
            output=torch.cat([residual * scale, skip * skip_scale], 1) / 2,
        )

    def forward(self, state: Tensor, step: Tensor) -> None:
        """Add to state (J, L, N, 2·C), x beside the skips, in place, for step (N or 1, C)."""
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
        denoiser: the trained one.
        order: of the joints, (J,).
    """

    steps: Tensor

    def __init__(self, denoiser: Denoiser, order: Tensor) -> None:
        super().__init__()
        trained = [layer for layer in denoiser.residual_layers if isinstance(layer, ResidualBlock)]
        skip_scale = 1 / math.sqrt(len(trained))
        embedding = denoiser.diffusion_embedding
        embedded = embedding(torch.arange(len(embedding.table))).detach()
        self.blocks = nn.ModuleList()
        tables, waiting, skips = [], torch.zeros(()), torch.zeros(())
        for number, block in enumerate(trained):
            scale = math.sqrt(2.0) ** number
            self.blocks.append(FoldedResidualBlock(block, order, scale, skip_scale))
            tables.append(block.diffusion_projection(embedded).detach() * scale + waiting)
            residual_bias, skip_bias = block.output_projection.bias.detach().chunk(2)
            waiting = waiting + residual_bias * scale
            skips = skips + skip_bias * skip_scale
        self.register_buffer("steps", torch.stack(tables, 1))  # (T, blocks, C)
        self.output1 = nn.Linear(len(skips), len(skips))
        self.output1.weight = denoiser.output_projection1.weight
        bias = denoiser.output_projection1(skips).detach()
        self.output1.bias = nn.Parameter(bias)
        self.output2 = denoiser.output_projection2

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        """X (J, L, N, C), zero-based steps t (N,) or (1,) → (J, L, N, 3)."""
        state = torch.cat([x, torch.zeros_like(x)], -1)
        steps = self.steps[t]
        for number, block in enumerate(self.blocks):
            block(state, steps[:, number])
        skips = state[..., x.shape[-1] :]
        return self.output2(self.output1(skips).relu_())
