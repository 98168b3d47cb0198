"""What runs a network of images, whichever library does it."""

from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

RUNTIMES = ("auto", "litert", "onnx")
"""What runs BlazePose's networks; see `blazepose_networks.open_networks`."""
Outputs: TypeAlias = tuple[tuple[int, ...], ...]
"""Shapes, by which a network's outputs are told apart."""


class Network(Protocol):
    """A network with one input image and several outputs."""

    input_size: int
    """Pixels along a side of the square input."""

    def __call__(self, image: NDArray[np.float32]) -> dict[tuple[int, ...], NDArray[np.float32]]:
        """Run on an image (S, S, 3) RGB; every wanted output under its shape."""


def sigmoid(logits: NDArray[Any]) -> NDArray[np.float64]:
    """Probabilities of logits (...), limited to ±100 as in mediapipe."""
    return 1 / (1 + np.exp(-logits.astype(np.float64).clip(-100, 100)))
