"""A tflite network on ai-edge-litert, on the CPU."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.detection.blazepose.network import Outputs
from diffhpe_ros.errors import DiffhpeError


class LiteRTNetwork:
    """A network with one input image and several outputs, told apart by their shapes.

    Args:
        model: a .tflite file.
        threads: CPU threads.
        outputs: shapes of the wanted outputs. Layers that only other outputs need are not
            computed.

    Raises:
        DiffhpeError: ai-edge-litert is not installed.
    """

    def __init__(self, model: bytes, threads: int, outputs: Outputs) -> None:
        try:
            from ai_edge_litert.interpreter import Interpreter

            from diffhpe_ros.detection.blazepose.tflite_graph import keep_outputs
        except ImportError as error:
            raise DiffhpeError(
                "the blazepose detector needs ai-edge-litert 2.1 or later (pip install"
                f" 'ai-edge-litert>=2.1'): {error}"
            ) from None
        model = keep_outputs(model, outputs)
        with _without_info():
            self._interpreter = Interpreter(model_content=model, num_threads=threads)
            self._interpreter.allocate_tensors()
        (only,) = self._interpreter.get_input_details()
        self._input: int = only["index"]
        self.input_size: int = int(only["shape"][1])
        """Pixels along a side of the square input."""
        self._outputs = {
            tuple(int(n) for n in output["shape"]): output["index"]
            for output in self._interpreter.get_output_details()
        }

    def __call__(self, image: NDArray[np.float32]) -> dict[tuple[int, ...], NDArray[np.float32]]:
        """Run on an image (S, S, 3) RGB; returns every wanted output by its shape."""
        self._interpreter.set_tensor(self._input, image[None])
        self._interpreter.invoke()
        return {shape: self._interpreter.get_tensor(i) for shape, i in self._outputs.items()}


@contextmanager
def _without_info() -> Iterator[None]:
    """Keep lines that begin with INFO out of this process's standard error.

    The library writes them whatever log level is set.
    """
    sys.stderr.flush()
    shown = os.dup(2)
    with tempfile.TemporaryFile() as written:
        os.dup2(written.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(shown, 2)
            os.close(shown)
            written.seek(0)
            for line in written:
                if not line.startswith(b"INFO"):
                    os.write(2, line)
