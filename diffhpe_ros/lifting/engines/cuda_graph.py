"""Recording on a GPU: CUDA graphs.

A graph is launched as one, whatever it holds, where its kernels take microseconds each and their
launches from Python as long again and more.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from diffhpe_ros.lifting.engines.capture import Playback, Program
from diffhpe_ros.lifting.engines.precision import FLOAT32, TF32, Precision

WARM_UPS = 2
"""Runs before a capture, in which libraries load kernels and allocate what a graph cannot."""


class CudaGraphRecorder:
    """Captures programs; see `ProgramRecorder`. Its graphs, played in turn, share their memory."""

    precisions: Sequence[Precision] = (TF32, FLOAT32)
    most_steps: int | None = None

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._pool: Any = None

    @torch.inference_mode()
    def __call__(self, program: Program, inputs: Sequence[Tensor]) -> Playback:
        """See `ProgramRecorder`."""
        with torch.cuda.device(self._device):
            current, side = torch.cuda.current_stream(), torch.cuda.Stream()
            side.wait_stream(current)
            with torch.cuda.stream(side):
                for _ in range(WARM_UPS):
                    program(*inputs)
            current.wait_stream(side)
            graph = torch.cuda.CUDAGraph()
            # Another thread, a detector's or one that loads a model, may allocate meanwhile.
            with torch.cuda.graph(graph, self._pool, side, capture_error_mode="thread_local"):
                outputs = program(*inputs)
            self._pool = self._pool or graph.pool()

        def play() -> tuple[Tensor, ...]:
            with torch.cuda.device(self._device):
                graph.replay()
            return outputs

        return play
