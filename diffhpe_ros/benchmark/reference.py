"""A plain sampler to measure against: the paper's formulas and loop, one after another.

Nothing is prepared or shared: the condition is encoded at every step, hypotheses are sampled one
by one, graph convolutions are written as sums over joints and the non-local layer builds all of
its pairs. Channels come second, as in the paper's tensors (B, C, J, L).
"""

import math

import torch
from torch import Tensor, nn

from diffhpe_ros.lifting.denoiser import Denoiser, ResidualBlock
from diffhpe_ros.lifting.diffhpe import DiffHPE
from diffhpe_ros.lifting.graph import PART_ORDER, POOL, GraphLayer, NonLocal
from diffhpe_ros.lifting.noise import SeededNoise
from diffhpe_ros.lifting.samplers import Sampler


@torch.inference_mode()
def sample_plainly(
    model: DiffHPE, sampler: Sampler, x_2d: Tensor, hypotheses: int, seed: int = 0
) -> Tensor:
    """Poses (B, 27, 17, 3) in metres, the mean of the hypotheses, of windows (B, 27, 17, 2).

    Args:
        model: in evaluation mode.
        sampler: and its steps.
        x_2d: in the model's input view.
        hypotheses: H.
        seed: of hypothesis 0; each next one has the next.
    """
    denoise = model.denoise_by(
        lambda x_t, t: denoise_plainly(model, x_t, t.expand(len(x_t)), model.condition(x_2d))
    )
    total = torch.zeros(*x_2d.shape[:3], 3, device=x_2d.device)
    for hypothesis in range(hypotheses):
        seeds = [seed + hypothesis] * len(x_2d)
        noise = SeededNoise(seeds, 1, tuple(x_2d.shape[1:3]), x_2d.device)
        total += sampler.sample(denoise, model.schedule, noise)
    return total / hypotheses * model.pose_scale


def denoise_plainly(model: DiffHPE, x_t: Tensor, t: Tensor, condition: Tensor) -> Tensor:
    """As `DiffHPE.forward`, (B, L, J, 3)."""
    denoiser: Denoiser = model.denoiser
    step = denoiser.diffusion_embedding(t)
    x = model.denoiser_input(x_t, condition).permute(0, 3, 2, 1)  # (B, C, J, L)
    x = _linear(denoiser.input_projection, x).relu()
    skips = []
    for block in denoiser.residual_layers:
        assert isinstance(block, ResidualBlock)
        x, skip = _residual_block(block, x, step)
        skips.append(skip)
    y = torch.stack(skips).sum(0) / math.sqrt(len(skips))
    y = _linear(denoiser.output_projection1, y).relu()
    return _linear(denoiser.output_projection2, y).permute(0, 3, 2, 1)


def _linear(layer: nn.Linear, x: Tensor) -> Tensor:
    """A 1x1 convolution of (B, C, J, L)."""
    return nn.functional.conv2d(x, layer.weight[:, :, None, None], layer.bias)


def _residual_block(block: ResidualBlock, x: Tensor, step: Tensor) -> tuple[Tensor, Tensor]:
    batch, channels, joints, frames = x.shape
    y = x + block.diffusion_projection(step)[:, :, None, None]
    y = _graph_layer(block.time_layer, y.reshape(-1, joints, frames)).view_as(y)
    by_frame = y.permute(0, 3, 2, 1).reshape(-1, joints, channels)
    by_frame = _graph_layer(block.feature_layer, by_frame)
    y = _non_local(block.non_local, by_frame.transpose(1, 2))
    y = y.view(batch, frames, channels, joints).permute(0, 2, 3, 1)
    gate, signal = _linear(block.mid_projection, y).chunk(2, 1)
    y = torch.sigmoid(gate) * torch.tanh(signal)
    residual, skip = _linear(block.output_projection, y).chunk(2, 1)
    return (x + residual) / math.sqrt(2.0), skip


def _graph_layer(layer: GraphLayer, x: Tensor) -> Tensor:
    """(N, J, F) → (N, J, F)."""
    convolution = layer.gconv
    own = torch.einsum("nji,jio->njo", x, convolution.W[0])
    others = torch.einsum("nji,jio->njo", x, convolution.W[1])
    y = torch.matmul(torch.diag(convolution.own.flatten()), own)
    y = y + torch.matmul(convolution.others, others) + convolution.bias
    return layer.bn(y.transpose(1, 2)).transpose(1, 2).relu()


def _non_local(layer: NonLocal, x: Tensor) -> Tensor:
    """(N, C, J) → (N, C, J), joints in the skeleton's order."""
    order = list(PART_ORDER)
    parts = x[:, :, order]

    def map_of(linear: nn.Linear) -> Tensor:
        return nn.functional.conv1d(parts, linear.weight[:, :, None], linear.bias)

    theta = map_of(layer.theta)
    phi, g = (nn.functional.max_pool1d(map_of(each), POOL) for each in (layer.phi, layer.g))
    queries, keys = theta.shape[2], phi.shape[2]
    pairs = torch.cat(
        [
            theta[:, :, :, None].expand(-1, -1, -1, keys),
            phi[:, :, None, :].expand(-1, -1, queries, -1),
        ],
        1,
    )
    affinity = nn.functional.conv2d(pairs, layer.affinity.weight[:, :, None, None])[:, 0]
    mixed = torch.matmul(affinity.relu() / keys, g.transpose(1, 2)).transpose(1, 2)
    out = nn.functional.conv1d(mixed, layer.out.weight[:, :, None], layer.out.bias)
    y = layer.bn(out) + parts
    restored = torch.empty_like(y)
    restored[:, :, order] = y
    return restored
