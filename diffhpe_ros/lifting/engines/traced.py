"""Recording on the CPU, with TorchScript's tracer.

Tracing removes Python's overhead and keeps the operations, so results are bit-identical. Its
successor torch.compile needs a compiler, which robots do not have.
"""

import warnings
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from diffhpe_ros.lifting.engines.capture import Playback, Program
from diffhpe_ros.lifting.engines.precision import FLOAT32, Precision

MOST_STEPS = 5
"""Each step of a sampler takes a second to trace; with more steps, the gain is not worth it."""


class TracedRecorder:
    """Traces programs; see `ProgramRecorder`."""

    precisions: Sequence[Precision] = (FLOAT32,)
    most_steps: int | None = MOST_STEPS

    @torch.inference_mode()
    def __call__(self, program: Program, inputs: Sequence[Tensor]) -> Playback:
        """See `ProgramRecorder`."""
        with warnings.catch_warnings():
            # Warnings that tracing is deprecated, and that lengths become constants, as intended.
            warnings.simplefilter("ignore", DeprecationWarning)
            warnings.simplefilter("ignore", torch.jit.TracerWarning)
            traced = torch.jit.trace(_Module(program).eval(), tuple(inputs), check_trace=False)
            played = torch.jit.freeze(traced)
            for _ in range(2):  # the first calls are slow: TorchScript optimises the program then
                played(*inputs)
        return lambda: played(*inputs)


class _Module(nn.Module):
    """A program as a module, which torch.jit.freeze requires."""

    def __init__(self, program: Program) -> None:
        super().__init__()
        self._program = program

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        return self._program(*inputs)
