"""The common interface of models, and the protocols of the engines that compute them."""

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor, nn

from diffhpe_ros.lifting.diffusion.samplers import InitialState, Noise, Sampler
from diffhpe_ros.lifting.window_batch import WindowBatch


@dataclass(frozen=True)
class SamplingInputs:
    """The inputs from which a model samples the hypotheses of B windows."""

    windows: WindowBatch
    """B windows, in the model's view and on its device."""
    noise: Noise
    """Standard normal (B·H, L, J, 3), new at each call; the hypotheses of a window are
    neighbours."""
    hypotheses: int
    """H; 1 for a deterministic model."""
    sampler: Sampler
    """The reverse process of a diffusion model."""
    initial_state: InitialState
    """Where DiffHPE's reverse process starts."""


class PoseEngine(Protocol):
    """Computes a deterministic lifter's network."""

    def __call__(self, x_2d: Tensor) -> Tensor:
        """(B, 27, 17, 2) in the model's input view → poses (B, 27, 17, 3), metres."""


class DenoisingEngine(Protocol):
    """Computes the networks of a DiffHPE model."""

    def condition(self, x_2d: Tensor) -> Tensor:
        """Encode windows (B, 27, 17, 2) in the model's input view, once for all steps.

        The result is for `__call__` alone; its shape is the engine's own.
        """

    def __call__(self, x_t: Tensor, t: Tensor, condition: Tensor) -> Tensor:
        """The denoiser's own output (N, 27, 17, 3).

        Args:
            x_t: (N, 27, 17, 3) noisy poses; the N / B hypotheses of a window are neighbours.
            t: zero-based steps (N,), or (1,) for all.
            condition: of the B windows.
        """


OWN_ENGINES = ("folded", "native", "onnx", "cuda_graph")
"""Engines that were written for the networks of MixSTE and DiffHPE."""


class DeterministicModel(nn.Module):
    """A lifter that gives one pose for a window, without sampling."""

    is_deterministic = True
    schedule = None
    engines: tuple[str, ...] = ()
    """Engines that were written for its networks. In folded and cuda_graph others run as they were
    trained: their graphs are small, and an encoder gains nothing in a batch."""

    def sample(self, inputs: SamplingInputs, engine: PoseEngine) -> Tensor:
        """Poses (B, L, J, 3), metres, of B windows: the engine's."""
        return engine(inputs.windows.x_2d)
