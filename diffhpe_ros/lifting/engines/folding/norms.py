"""Norms folded into the neighbouring linear maps; exact in inference."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.lifting.weights import Affine, NamedWeights

LAYER_NORM_EPS = 1e-5
"""The epsilon of norms that specify none."""
BATCH_NORM_EPS = 1e-5
Array = NDArray[np.float32]


class LayerNormWeights(NamedTuple):
    """(x - mean) / √(variance + eps) · scale + shift over the last dimension."""

    scale: Array
    shift: Array
    eps: float

    def __call__(self, x: Array) -> Array:
        """(..., C) → (..., C)."""
        apart = x - x.mean(-1, keepdims=True)
        variance = np.einsum("...c,...c->...", apart, apart)[..., None] / x.shape[-1]
        apart /= np.sqrt(variance + np.float32(self.eps))
        apart *= self.scale
        apart += self.shift
        return apart


def fold_layer_norm(norm: Affine, linear: Affine) -> Affine:
    """A linear layer with the scale and shift of the norm before it.

    The remaining norm has neither: linear(norm(x)) = normalised(x) @ weight + bias.
    """
    return Affine(norm.weight[:, None] * linear.weight, linear.bias + norm.bias @ linear.weight)


def batch_norm_line(weights: NamedWeights, features: int) -> tuple[Array, Array]:
    """A trained BatchNorm as y = scale · x + shift, each (features,)."""
    mean, variance = (weights.array(name, features) for name in ("running_mean", "running_var"))
    scale = weights.array("weight", features) / np.sqrt(variance + np.float32(BATCH_NORM_EPS))
    return scale, weights.array("bias", features) - mean * scale
