"""Samplers: the reverse process, from noise to poses. Its loop is in base.py."""

from collections.abc import Callable

from diffhpe_ros.errors import unknown
from diffhpe_ros.lifting.diffusion.samplers.base import Denoise, ReverseStep, Sampler, spaced_steps
from diffhpe_ros.lifting.diffusion.samplers.ddim import DDIM
from diffhpe_ros.lifting.diffusion.samplers.ddpm import DDPM
from diffhpe_ros.lifting.diffusion.samplers.dpm_solver import DPMSolver
from diffhpe_ros.lifting.diffusion.samplers.initial_state import (
    PURE_NOISE,
    InitialState,
    Noise,
    NoisedPose,
    PureNoise,
    PureNoiseWhereUnknown,
)

__all__ = [
    "DDIM",
    "DDPM",
    "PURE_NOISE",
    "DPMSolver",
    "Denoise",
    "InitialState",
    "Noise",
    "NoisedPose",
    "PureNoise",
    "PureNoiseWhereUnknown",
    "ReverseStep",
    "Sampler",
    "create_sampler",
    "spaced_steps",
]

SAMPLERS: dict[str, Callable[[int], Sampler]] = {
    "ddpm": DDPM,
    "ddim": DDIM,
    "dpm-solver": DPMSolver,
}


def create_sampler(name: str, steps: int) -> Sampler:
    """Create the sampler with this name and number of steps.

    Raises:
        DiffhpeError: there is none with this name.
    """
    if name not in SAMPLERS:
        raise unknown("sampler", name, SAMPLERS)
    return SAMPLERS[name](steps)
