"""Recording on the CPU: TorchScript's tracer.

It takes Python away and leaves the operations, and so the bits, as they are. It needs no compiler,
as its successor torch.compile does, which robots do not have.
"""

import warnings
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from diffhpe_ros.lifting.engines.capture import Playback, Program
from diffhpe_ros.lifting.engines.precision import FLOAT32, Precision

MOST_STEPS = 5
"""Each step of a sampler takes a second of tracing; with more, Python's share is not worth it."""


class TracedRecorder:
    """Traces programs; see `ProgramRecorder`."""

    precisions: Sequence[Precision] = (FLOAT32,)
    most_steps: int | None = MOST_STEPS

    @torch.inference_mode()
    def __call__(self, program: Program, inputs: Sequence[Tensor]) -> Playback:
        """See `ProgramRecorder`."""
        with warnings.catch_warnings():
            # Of its being superseded, and of lengths that become constants, as they should.
            warnings.simplefilter("ignore", DeprecationWarning)
            warnings.simplefilter("ignore", torch.jit.TracerWarning)
            traced = torch.jit.trace(_Module(program).eval(), tuple(inputs), check_trace=False)
            played = torch.jit.freeze(traced)
            for _ in range(2):  # the first plays are slow: they look for what can be simplified
                played(*inputs)
        return lambda: played(*inputs)


class _Module(nn.Module):
    """A program as the module that freezing asks for."""

    def __init__(self, program: Program) -> None:
        super().__init__()
        self._program = program

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        return self._program(*inputs)
