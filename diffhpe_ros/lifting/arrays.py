"""Arrays of two libraries: numpy with the engine native, torch with all others.

What is computed for both is written once: with operators, with methods that arrays and tensors
share, and with functions that have the same name in both libraries.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = Any
"""A numpy array or a number of it, or a torch tensor on any device."""


def library_of(array: Array) -> Any:
    """The module numpy of an array or a number of it, torch of a tensor."""
    if isinstance(array, np.ndarray | np.generic):
        return np
    import torch  # tensors are there: it is imported already

    return torch


def sqrt(values: Array) -> Array:
    """The square root of numbers or arrays, the same bits in both libraries."""
    return library_of(values).sqrt(values)


def like(values: NDArray[Any], array: Array) -> Array:
    """The values in the library and on the device of another array."""
    if isinstance(array, np.ndarray):
        return values
    return library_of(array).as_tensor(values, device=array.device)


def alternating(arrays: Sequence[Array]) -> Array:
    """K arrays (N, ...) → (N·K, ...): their rows by turns."""
    return library_of(arrays[0]).stack([*arrays], 1).reshape(-1, *arrays[0].shape[1:])


def repeat_rows(array: Array, times: int) -> Array:
    """(N, ...) → (N·times, ...): each row so many times, one after the other."""
    return alternating([array] * times)


def as_steps(t: int | Array, x: Array) -> Array:
    """One step as (1,), in the library and on the device of x; steps (N,) as they are."""
    if not isinstance(t, int):
        return t
    if isinstance(x, np.ndarray):
        return np.full(1, t)
    # Made on the device: a CUDA graph holds no copy from the host.
    library = library_of(x)
    return library.full((1,), t, device=x.device)
