"""Where the reverse process starts: at pure noise, or at a roughly known pose."""

from collections.abc import Callable
from typing import Protocol

from diffhpe_ros.lifting.arrays import Array, library_of
from diffhpe_ros.lifting.diffusion.schedule import Schedule

Noise = Callable[[], Array]
"""Standard normal noise (N, L, J, 3), new at each call."""


class InitialState(Protocol):
    """The first state of the reverse process."""

    def __call__(self, schedule: Schedule, noise: Array) -> tuple[Array, int | Array]:
        """x_s (N, L, J, 3) and its zero-based step s, or the step (N,) of each sequence.

        Args:
            schedule: the noise schedule.
            noise: standard normal, (N, L, J, 3).
        """


class PureNoise:
    """x_T is the noise itself; as published."""

    def __call__(self, schedule: Schedule, noise: Array) -> tuple[Array, int]:
        """See `InitialState`."""
        return noise, schedule.steps - 1


PURE_NOISE = PureNoise()


class NoisedPose:
    """x_s = √ᾱ_s x̂_0 + √(1-ᾱ_s) z: a truncated start (SDEdit, Meng et al., 2022).

    Features of the pose that are larger than the noise of step s are kept; the rest is resampled.

    Args:
        pose: x̂_0, (N, L, J, 3) in the diffused unit.
        step: zero-based; (N,) if each sequence has its own.
    """

    def __init__(self, pose: Array, step: int | Array) -> None:
        self.pose = pose
        self.step = step

    def __call__(self, schedule: Schedule, noise: Array) -> tuple[Array, int | Array]:
        """See `InitialState`."""
        signal, spread = schedule.signal_and_noise(self.step)
        return signal * self.pose + spread * noise, self.step


class PureNoiseWhereUnknown:
    """A given initial state for some sequences, pure noise for the others.

    Args:
        known: (N,), True where the given state is used.
        initial_state: the state of the known sequences.
    """

    def __init__(self, known: Array, initial_state: InitialState) -> None:
        self.known = known
        self.initial_state = initial_state

    def __call__(self, schedule: Schedule, noise: Array) -> tuple[Array, Array]:
        """See `InitialState`."""
        x, step = self.initial_state(schedule, noise)
        pure, last = PURE_NOISE(schedule, noise)
        where = library_of(noise).where
        known = self.known.reshape(-1, 1, 1, 1)
        return where(known, x, pure), where(self.known, step, last)
