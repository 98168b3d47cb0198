"""The interface of an image network, whichever library runs it."""

from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

RUNTIMES = ("auto", "litert", "onnx")
"""Libraries that can run BlazePose's networks; see `networks.open_networks`."""
Outputs: TypeAlias = tuple[tuple[int, ...], ...]
"""Shapes, which identify a network's outputs."""


class Network(Protocol):
    """A network with one input image and several outputs."""

    input_size: int
    """Pixels along a side of the square input."""

    def __call__(self, image: NDArray[np.float32]) -> dict[tuple[int, ...], NDArray[np.float32]]:
        """Run on an image (S, S, 3) RGB; returns every wanted output by its shape."""


def sigmoid(logits: NDArray[Any]) -> NDArray[np.float64]:
    """Probabilities of logits (...), which are limited to ±100 as in mediapipe."""
    return 1 / (1 + np.exp(-logits.astype(np.float64).clip(-100, 100)))
