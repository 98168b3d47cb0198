"""What an engine is: a trained model's arithmetic, arranged for speed."""

from typing import Protocol

from torch import Tensor


class PoseEngine(Protocol):
    """Runs a deterministic lifter."""

    def __call__(self, x_2d: Tensor) -> Tensor:
        """(B, 27, 17, 2) in the model's input view → poses (B, 27, 17, 3), metres."""


class DenoisingEngine(Protocol):
    """Runs a diffusion lifter."""

    def condition(self, x_2d: Tensor) -> Tensor:
        """Encode windows (B, 27, 17, 2) in the model's input view, once for all steps.

        What comes out is for `__call__` alone; its shape is the engine's own.
        """

    def __call__(self, x_t: Tensor, t: Tensor, condition: Tensor) -> Tensor:
        """The denoiser's own output (N, 27, 17, 3).

        Args:
            x_t: (N, 27, 17, 3) noisy poses; the N / B hypotheses of a window are neighbours.
            t: zero-based steps (N,), or (1,) for all.
            condition: of the B windows.
        """
