"""A model's weights by name, as stored in its file, and the check that they fit."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.errors import DiffhpeError

Weights = Mapping[str, NDArray[Any]]
"""Names as in a state dict of torch → arrays; floating-point ones are float32."""
Array = NDArray[np.float32]


class Affine(NamedTuple):
    """y = x @ weight + bias."""

    weight: Array
    """(in, out)."""
    bias: Array
    """(out,)."""

    def __call__(self, x: Array) -> Array:
        """(..., rows, in) → (..., rows, out)."""
        # Not one product of all rows: BLAS would start threads for it, which spin while they wait
        # and take the cores from the detector.
        y = np.matmul(x, self.weight, order="C")
        y += self.bias
        return y


class WeightsError(DiffhpeError):
    """Weights do not fit their model."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the weights do not fit the model: {reason}")


class NamedWeights:
    """The weights below a prefix. Each is requested with its shape, so that a wrong shape is found.

    Args:
        weights: the whole model's.
        prefix: prefix of the requested names.
    """

    def __init__(self, weights: Weights, prefix: str = "") -> None:
        self._weights = weights
        self._prefix = prefix
        self._asked_for: set[str] = set()

    def below(self, name: str) -> "NamedWeights":
        """The weights below a name."""
        found = NamedWeights(self._weights, f"{self._prefix}{name}.")
        found._asked_for = self._asked_for
        return found

    def numbered(self, name: str, count: int) -> Iterator["NamedWeights"]:
        """The weights below name.0, name.1, ..."""
        return (self.below(f"{name}.{number}") for number in range(count))

    def array(self, name: str, *shape: int) -> Array:
        """One array.

        Raises:
            WeightsError: the array is missing or has another shape.
        """
        name = self._prefix + name
        if name not in self._weights:
            raise WeightsError(f"{name} is missing")
        found = self._weights[name]
        if found.shape != shape:
            raise WeightsError(f"{name} is {found.shape}, expected {shape}")
        self._asked_for.add(name)
        return found

    def linear(self, name: str, inputs: int, outputs: int) -> Affine:
        """A linear layer.

        Raises:
            WeightsError: see `array`.
        """
        weight = self.array(f"{name}.weight", outputs, inputs)
        return Affine(weight.T, self.array(f"{name}.bias", outputs))

    def norm(self, name: str, features: int) -> Affine:
        """Scale and shift of a norm, each (features,).

        Raises:
            WeightsError: see `array`.
        """
        return Affine(self.array(f"{name}.weight", features), self.array(f"{name}.bias", features))

    def check_all_used(self, *unused: str) -> None:
        """Check that all weights were used.

        Args:
            unused: last parts of names that are known but not needed.

        Raises:
            WeightsError: there are weights that were not requested.
        """
        for name in self._weights:
            if name not in self._asked_for and name.rpartition(".")[2] not in unused:
                raise WeightsError(f"unexpected {name}")
