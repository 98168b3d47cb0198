"""Stores folded weights in torch modules."""

from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from diffhpe_ros.lifting.engines.folding.norms import LayerNormWeights
from diffhpe_ros.lifting.weights import Affine


def keep(module: nn.Module, **arrays: NDArray[Any] | Tensor) -> None:
    """Register contiguous copies of arrays or tensors as buffers of a module."""
    for name, array in arrays.items():
        buffer = torch.as_tensor(array).clone(memory_format=torch.contiguous_format)
        module.register_buffer(name, buffer)


def linear(affine: Affine) -> nn.Linear:
    """An affine map as a module."""
    module = nn.Linear(*affine.weight.shape)
    module.weight = nn.Parameter(torch.from_numpy(affine.weight.T).contiguous())
    module.bias = nn.Parameter(torch.from_numpy(affine.bias).clone())
    return module


def layer_norm(norm: LayerNormWeights) -> nn.LayerNorm:
    """A layer norm as a module."""
    module = nn.LayerNorm(len(norm.scale), eps=norm.eps)
    module.weight = nn.Parameter(torch.from_numpy(norm.scale).clone())
    module.bias = nn.Parameter(torch.from_numpy(norm.shift).clone())
    return module
