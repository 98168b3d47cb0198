"""Norms folded into the neighbouring linear maps; exact in inference."""

import torch
from torch import Tensor, nn


def fold_layer_norm(norm: nn.LayerNorm, linear: nn.Linear) -> tuple[Tensor, Tensor]:
    """Weight (in, out) and bias (out,) of a linear layer that takes over a norm's scale and shift.

    What is left of the norm has neither: linear(norm(x)) = normalised(x) @ weight + bias.
    """
    weight = linear.weight.t()
    return norm.weight[:, None] * weight, linear.bias + norm.bias @ weight


def keep(module: nn.Module, **folded: Tensor) -> None:
    """Make tensors buffers of a module, contiguous and free of what they were computed from."""
    for name, tensor in folded.items():
        buffer = tensor.detach().clone(memory_format=torch.contiguous_format)
        module.register_buffer(name, buffer)


def batch_norm_line(norm: nn.BatchNorm1d) -> tuple[Tensor, Tensor]:
    """A trained BatchNorm as y = scale · x + shift, each (features,)."""
    assert norm.running_var is not None and norm.running_mean is not None
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    return scale, norm.bias - norm.running_mean * scale
