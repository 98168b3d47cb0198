"""Functions for arrays of two libraries: numpy for the native engine, torch for all others.

Code for both is written once. It uses operators, methods that arrays and tensors share, and
functions that have the same name in both libraries.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = Any
"""A numpy array or scalar, or a torch tensor on any device."""


def library_of(array: Array) -> Any:
    """The module numpy for an array or a scalar, torch for a tensor."""
    if isinstance(array, np.ndarray | np.generic):
        return np
    import torch  # cheap: a tensor exists, so torch is already imported

    return torch


def sqrt(values: Array) -> Array:
    """The square root of numbers or arrays, bit-identical in both libraries."""
    return library_of(values).sqrt(values)


def like(values: NDArray[Any], array: Array) -> Array:
    """The values as an array of the same library and on the same device as `array`."""
    if isinstance(array, np.ndarray):
        return values
    return library_of(array).as_tensor(values, device=array.device)


def alternating(arrays: Sequence[Array]) -> Array:
    """K arrays (N, ...) → (N·K, ...): their rows in turn."""
    return library_of(arrays[0]).stack([*arrays], 1).reshape(-1, *arrays[0].shape[1:])


def repeat_rows(array: Array, times: int) -> Array:
    """(N, ...) → (N·times, ...): each row repeated `times` times in a row."""
    return alternating([array] * times)


def as_steps(t: int | Array, x: Array) -> Array:
    """A single step as an array (1,), in x's library and on its device; steps (N,) unchanged."""
    if not isinstance(t, int):
        return t
    if isinstance(x, np.ndarray):
        return np.full(1, t)
    # Made on the device: a CUDA graph cannot contain a copy from the host.
    library = library_of(x)
    return library.full((1,), t, device=x.device)
