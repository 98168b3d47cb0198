"""One network on onnxruntime, on a GPU or the CPU."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.onnx_session import OnnxModel


class OnnxNetwork:
    """A network with one input image and several outputs, told apart by their shapes.

    Args:
        path: an .onnx file.
        threads: of the CPU.
        providers: see `OnnxModel`.

    Raises:
        DiffhpeError: onnxruntime is not installed, or the file is not usable.
    """

    def __init__(self, path: Path, threads: int, providers: Sequence[str] | None) -> None:
        self._model = OnnxModel(path, providers, threads)
        self.providers = self._model.providers
        """What onnxruntime really uses, the first one before the others."""
        self.input_size = self._model.input_shape[1] or 0
        # A GPU looks for its fastest kernels at the first run: no image is to wait for that.
        self(np.zeros((self.input_size, self.input_size, 3), np.float32))

    def __call__(self, image: NDArray[np.float32]) -> dict[tuple[int, ...], NDArray[np.float32]]:
        """Run on an image (S, S, 3) RGB; every output under its shape."""
        return {values.shape: values for values in self._model.run(image[None]).values()}
