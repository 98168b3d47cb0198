"""A network on onnxruntime, on a GPU or the CPU."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.onnx_session import OnnxModel


class OnnxNetwork:
    """A network with one input image and several outputs, told apart by their shapes.

    Args:
        path: an .onnx file.
        threads: CPU threads.
        providers: see `OnnxModel`.

    Raises:
        DiffhpeError: onnxruntime is not installed, or the file is not usable.
    """

    def __init__(self, path: Path, threads: int, providers: Sequence[str] | None) -> None:
        self._model = OnnxModel(path, providers, threads)
        self.providers = self._model.providers
        """The execution providers that onnxruntime really uses, the preferred one first."""
        self.input_size = self._model.input_shape[1] or 0
        # On a GPU the first run searches for the fastest kernels: no image should wait for that.
        self(np.zeros((self.input_size, self.input_size, 3), np.float32))

    def __call__(self, image: NDArray[np.float32]) -> dict[tuple[int, ...], NDArray[np.float32]]:
        """Run on an image (S, S, 3) RGB; returns every output by its shape."""
        return {values.shape: values for values in self._model.run(image[None]).values()}
