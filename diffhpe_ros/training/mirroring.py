"""Mirror images: a body and its mirror image are equally likely."""

from torch import Tensor

from diffhpe_ros.skeleton import MIRRORED


def mirror(values: Tensor) -> Tensor:
    """2D or poses (..., 17, 2 or 3) of the mirrored person: x negated, left and right swapped."""
    return reflect(values[..., list(MIRRORED), :])


def reflect(vectors: Tensor) -> Tensor:
    """Vectors (..., 2 or 3) with x negated."""
    sign = vectors.new_ones(vectors.shape[-1])
    sign[0] = -1
    return vectors * sign
