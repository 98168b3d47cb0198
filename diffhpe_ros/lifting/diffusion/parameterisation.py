"""What a denoiser's output means: the noise (as published), the clean pose, or the velocity.

With x_t = √ᾱ x_0 + √(1-ᾱ) ε, each of the three gives the other two.
"""

from typing import NamedTuple, Protocol

from diffhpe_ros.errors import unknown
from diffhpe_ros.lifting.arrays import Array


class Prediction(NamedTuple):
    """Estimates at one step, both (B, L, J, 3) in the diffused space."""

    pose: Array
    noise: Array


class Parameterisation(Protocol):
    """Converts between a denoiser's output and its meaning.

    `signal` is √ᾱ_t and `spread` √(1-ᾱ_t). They are numbers if all poses are at one step, and
    arrays (B, 1, 1, 1) if each has its own step.
    """

    def target(self, x_0: Array, noise: Array, signal: Array, spread: Array) -> Array:
        """The output that the denoiser is trained to give."""

    def read(self, output: Array, x_t: Array, signal: Array, spread: Array) -> Prediction:
        """The estimates of pose and noise that an output stands for."""


class PredictNoise:
    """The output is ε (Ho et al., 2020), as published."""

    def target(self, x_0: Array, noise: Array, signal: Array, spread: Array) -> Array:
        """ε."""
        return noise

    def read(self, output: Array, x_t: Array, signal: Array, spread: Array) -> Prediction:
        """x_0 = (x_t - √(1-ᾱ) ε) / √ᾱ."""
        return Prediction(pose=(x_t - spread * output) / signal, noise=output)


class PredictPose:
    """The output is x_0."""

    def target(self, x_0: Array, noise: Array, signal: Array, spread: Array) -> Array:
        """x_0."""
        return x_0

    def read(self, output: Array, x_t: Array, signal: Array, spread: Array) -> Prediction:
        """ε = (x_t - √ᾱ x_0) / √(1-ᾱ)."""
        return Prediction(pose=output, noise=(x_t - signal * output) / spread)


class PredictVelocity:
    """The output is v = √ᾱ ε - √(1-ᾱ) x_0 (Salimans and Ho, 2022)."""

    def target(self, x_0: Array, noise: Array, signal: Array, spread: Array) -> Array:
        """The velocity v."""
        return signal * noise - spread * x_0

    def read(self, output: Array, x_t: Array, signal: Array, spread: Array) -> Prediction:
        """x_0 = √ᾱ x_t - √(1-ᾱ) v, ε = √(1-ᾱ) x_t + √ᾱ v."""
        return Prediction(pose=signal * x_t - spread * output, noise=spread * x_t + signal * output)


PARAMETERISATIONS: dict[str, type[Parameterisation]] = {
    "noise": PredictNoise,
    "pose": PredictPose,
    "velocity": PredictVelocity,
}


def parameterisation(name: str) -> Parameterisation:
    """The parameterisation with this name.

    Raises:
        DiffhpeError: there is none with this name.
    """
    if name not in PARAMETERISATIONS:
        raise unknown("prediction", name, PARAMETERISATIONS)
    return PARAMETERISATIONS[name]()
