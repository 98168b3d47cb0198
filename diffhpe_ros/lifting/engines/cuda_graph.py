"""Recording on a GPU, with CUDA graphs.

A whole graph is launched at once. Its kernels take microseconds each, and launching each from
Python would take as long again or longer.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from diffhpe_ros.lifting.engines.capture import Playback, Program
from diffhpe_ros.lifting.engines.precision import FLOAT32, TF32, Precision

WARM_UPS = 2
"""Runs before a capture; in them, libraries load kernels and allocate memory that a graph
cannot."""


class CudaGraphRecorder:
    """Captures programs; see `ProgramRecorder`. Its graphs run in turn and share memory."""

    precisions: Sequence[Precision] = (TF32, FLOAT32)
    most_steps: int | None = None

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._pool: Any = None
        self._side: torch.cuda.Stream | None = None
        """One stream for all captures: graphs share memory only within a stream."""

    @torch.inference_mode()
    def __call__(self, program: Program, inputs: Sequence[Tensor]) -> Playback:
        """See `ProgramRecorder`."""
        with torch.cuda.device(self._device):
            current = torch.cuda.current_stream()
            self._side = side = self._side or torch.cuda.Stream()
            side.wait_stream(current)
            with torch.cuda.stream(side):
                for _ in range(WARM_UPS):
                    program(*inputs)
            current.wait_stream(side)
            graph = torch.cuda.CUDAGraph()
            # Another thread may allocate meanwhile, such as a detector's or one that loads a model.
            with torch.cuda.graph(graph, self._pool, side, capture_error_mode="thread_local"):
                outputs = program(*inputs)
            self._pool = self._pool or graph.pool()

        def play() -> tuple[Tensor, ...]:
            with torch.cuda.device(self._device):
                graph.replay()
            return outputs

        return play
