"""One window's operations, recorded once and played without Python in between.

A window is some thousand small operations, and on the CPU a fifth of its time is Python's between
them. TorchScript's tracer takes that away and leaves the operations, and so the bits, as they are.
It needs no compiler, as its successor torch.compile does, which robots do not have.
"""

import warnings
from typing import Any

import torch
from torch import Tensor, nn

from diffhpe_ros.lifting.engines.folded import FoldedDiffHPE, FoldedMixSTE
from diffhpe_ros.skeleton import NUM_JOINTS


class RecordedMixSTE:
    """MixSTE; what is not one window in its views is run as it was before.

    Args:
        engine: on the CPU.
        frames: of a window.
        views: of a window.
    """

    def __init__(self, engine: FoldedMixSTE, frames: int, views: int) -> None:
        self._engine = engine
        window = torch.zeros(views, frames, NUM_JOINTS, 2)
        self._shape = window.shape
        self._played = _record(engine, forward=(window,))

    def __call__(self, x_2d: Tensor) -> Tensor:
        """See `PoseEngine.__call__`."""
        poses: Tensor = (self._played if x_2d.shape == self._shape else self._engine)(x_2d)
        return poses


class RecordedDiffHPE:
    """A diffusion model; what is not one window and its hypotheses is run as it was before.

    Args:
        engine: on the CPU.
        frames: of a window.
        views: of a window.
        hypotheses: of a window, all views together.
    """

    def __init__(self, engine: FoldedDiffHPE, frames: int, views: int, hypotheses: int) -> None:
        self._engine = engine
        window = torch.zeros(views, frames, NUM_JOINTS, 2)
        poses, step = torch.zeros(hypotheses, frames, NUM_JOINTS, 3), torch.zeros(1).long()
        self._window, self._shapes = window.shape, (poses.shape, step.shape)
        with torch.inference_mode():
            condition = engine.condition(window)
        self._played = _record(engine, condition=(window,), forward=(poses, step, condition))

    def condition(self, x_2d: Tensor) -> Tensor:
        """See `DenoisingEngine.condition`."""
        played = self._played if x_2d.shape == self._window else self._engine
        condition: Tensor = played.condition(x_2d)
        return condition

    def __call__(self, x_t: Tensor, t: Tensor, condition: Tensor) -> Tensor:
        """See `DenoisingEngine.__call__`."""
        played = self._played if (x_t.shape, t.shape) == self._shapes else self._engine
        output: Tensor = played(x_t, t, condition)
        return output


def record(engine: Any, frames: int, views: int, hypotheses: int) -> Any:
    """The engine with one window's operations recorded; itself where it cannot be recorded.

    Args:
        engine: any.
        frames: of a window.
        views: what augmentation makes of a window.
        hypotheses: of a window, all views together.
    """
    if isinstance(engine, FoldedMixSTE):
        return RecordedMixSTE(engine, frames, views)
    if isinstance(engine, FoldedDiffHPE):
        return RecordedDiffHPE(engine, frames, views, hypotheses)
    return engine


@torch.inference_mode()
def _record(engine: nn.Module, **examples: tuple[Tensor, ...]) -> Any:
    """The methods of an engine that examples are given for, recorded with them."""
    with warnings.catch_warnings():
        # Of its being superseded, and of lengths that become constants, as they should.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", torch.jit.TracerWarning)
        traced = torch.jit.trace_module(engine, examples, check_trace=False)
        played = torch.jit.freeze(traced, preserved_attrs=[*examples.keys() - {"forward"}])
        for _ in range(2):  # the first plays are slow: they look for what can be simplified
            for name, tensors in examples.items():
                getattr(played, name)(*tensors)
    return played
