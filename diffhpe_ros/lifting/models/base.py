"""The pipeline's interface to all models, and the protocols of the engines that compute them.

Nothing here needs torch: the native engine has its own models on numpy arrays.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from diffhpe_ros.lifting.arrays import Array, as_steps
from diffhpe_ros.lifting.diffusion.parameterisation import Parameterisation, Prediction
from diffhpe_ros.lifting.diffusion.samplers import InitialState, Noise, Sampler
from diffhpe_ros.lifting.diffusion.schedule import Schedule
from diffhpe_ros.lifting.window_batch import WindowBatch


@dataclass(frozen=True)
class SamplingInputs:
    """The inputs for sampling the hypotheses of B windows."""

    windows: WindowBatch
    """B windows, in the model's view and on its device."""
    noise: Noise
    """Standard normal (B·H, L, J, 3), new at each call; the hypotheses of a window are adjacent."""
    hypotheses: int
    """H; 1 for a deterministic model."""
    sampler: Sampler
    """The reverse process of a diffusion model."""
    initial_state: InitialState
    """Where DiffHPE's reverse process starts."""


class LiftingModel(Protocol):
    """A model as the pipeline sees it."""

    is_deterministic: bool
    """Whether the model gives one pose per window, without sampling."""
    unused_settings: tuple[str, ...]
    """Fields of `SamplingConfig` that have no effect on the model."""

    @property
    def schedule(self) -> Schedule | None:
        """The noise schedule; None for a deterministic model."""

    def sample(self, inputs: SamplingInputs, engine: Any) -> Array:
        """Poses (B·H, L, J, 3), metres, of B windows; the hypotheses of a window are adjacent.

        Args:
            inputs: the windows, and how to sample them.
            engine: computes the model's networks; it must have been created for this model.
        """


class PoseEngine(Protocol):
    """Computes a deterministic lifter's network."""

    def __call__(self, x_2d: Array) -> Array:
        """(B, 27, 17, 2) in the model's input view → poses (B, 27, 17, 3), metres."""


class DenoisingEngine(Protocol):
    """Computes the networks of a DiffHPE model."""

    def condition(self, x_2d: Array) -> Array:
        """Encode windows (B, 27, 17, 2) in the model's input view, once for all steps.

        The result is only for `__call__`; its shape depends on the engine.
        """

    def __call__(self, x_t: Array, t: Array, condition: Array) -> Array:
        """The denoiser's own output (N, 27, 17, 3).

        Args:
            x_t: (N, 27, 17, 3) noisy poses; the N / B hypotheses of a window are adjacent.
            t: zero-based steps (N,), or (1,) for all.
            condition: the encoded B windows.
        """


OWN_ENGINES = ("folded", "native", "onnx", "cuda_graph")
"""Engines that were written for the networks of MixSTE and DiffHPE."""


class DeterministicModel:
    """A lifter that gives one pose per window, without sampling."""

    is_deterministic = True
    unused_settings: tuple[str, ...] = ("sampler", "steps", "hypotheses", "start")
    schedule = None
    engines: tuple[str, ...] = ()
    """Engines that were written for its networks. In folded and cuda_graph, other networks run as
    they were trained: their graphs are small, and an encoder gains nothing in a batch."""

    def sample(self, inputs: SamplingInputs, engine: PoseEngine) -> Array:
        """See `LiftingModel.sample`: the engine's poses."""
        return engine(inputs.windows.x_2d)


class DiffusionModel:
    """A denoiser of root-relative poses, and how poses are sampled with it.

    The diffused poses are root-relative metres divided by `pose_scale`. It is 1 as published. Where
    poses are scaled to unit variance, it is the standard deviation of the training poses.
    """

    is_deterministic = False
    unused_settings: tuple[str, ...] = ()
    engines = OWN_ENGINES
    schedule: Schedule
    parameterisation: Parameterisation
    """The meaning of the denoiser's output."""
    pose_scale: float

    def read(self, output: Array, x_t: Array, t: int | Array) -> Prediction:
        """The estimates in the denoiser's output (B, 27, 17, 3) at steps t."""
        return self.parameterisation.read(output, x_t, *self.schedule.signal_and_noise(t))

    def denoise_by(
        self, run: Callable[[Array, Array], Array]
    ) -> Callable[[Array, int | Array], Prediction]:
        """The function that samplers call, with one step for all poses or one for each.

        Args:
            run: x_t (B, 27, 17, 3) and zero-based steps (B,), or (1,) for all, → the denoiser's
                output.
        """

        def denoise(x_t: Array, t: int | Array) -> Prediction:
            return self.read(run(x_t, as_steps(t, x_t)), x_t, t)

        return denoise

    def sample(self, inputs: SamplingInputs, engine: DenoisingEngine) -> Array:
        """See `LiftingModel.sample`."""
        condition = engine.condition(inputs.windows.x_2d)
        denoise = self.denoise_by(partial(engine, condition=condition))
        states = inputs.sampler.sample(denoise, self.schedule, inputs.noise, inputs.initial_state)
        return states * self.pose_scale
