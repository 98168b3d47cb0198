"""Where the sampling of windows starts: at noise, at MixSTE's pose, or at the previous window."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.errors import DiffhpeError, unknown
from diffhpe_ros.lifting.arrays import Array, like, repeat_rows
from diffhpe_ros.lifting.diffusion.samplers import (
    PURE_NOISE,
    InitialState,
    NoisedPose,
    PureNoiseWhereUnknown,
)
from diffhpe_ros.lifting.models.base import DiffusionModel, LiftingModel
from diffhpe_ros.lifting.pipeline.presets import Preset
from diffhpe_ros.lifting.pipeline.views import turn_points

STARTS = ("noise", "backbone", "previous")

BACKBONE_LEVEL = 0.5
"""Share of the diffusion steps that a start at MixSTE's pose goes back to, which keeps as much
signal as noise: limbs are sampled anew, the posture as a whole is kept."""


class Initialization(Protocol):
    """Where the sampling of a batch of windows starts."""

    def __call__(self, x: Array, rotation: Array, rows: slice) -> InitialState:
        """The initial state for a part of the batch; the hypotheses of a window are neighbours.

        Args:
            x: (B, L, J, 2), that part's windows in the model's view.
            rotation: (B, 3, 3), into that view.
            rows: where that part is in the batch.
        """


class NoiseInitialization:
    """At pure noise, as published."""

    def __call__(self, x: Array, rotation: Array, rows: slice) -> InitialState:
        """See `Initialization`."""
        return PURE_NOISE


@dataclass(frozen=True)
class BackboneInitialization:
    """At the pose of a wrapper's own MixSTE, noised to a middle step."""

    mixste: Callable[[Array], Array]
    """(B, L, J, 2) in the model's view → poses (B, L, J, 3), metres."""
    pose_scale: float
    """Metres of one unit of the diffused poses."""
    hypotheses: int
    step: int
    """Zero-based."""

    def __call__(self, x: Array, rotation: Array, rows: slice) -> InitialState:
        """See `Initialization`."""
        poses = self.mixste(x)
        poses = (poses - poses[..., :1, :]) / self.pose_scale
        return NoisedPose(repeat_rows(poses, self.hypotheses), self.step)


@dataclass(frozen=True)
class PreviousPoseInitialization:
    """At the track's previous poses, noised to a step for each window; else at pure noise."""

    poses: NDArray[np.float32]
    """(B, H, L, J, 3) metres, camera frame: estimates of this window; any value where unknown."""
    known: NDArray[np.bool_]
    """(B,), False where there is no pose to start at."""
    steps: NDArray[np.int64]
    """(B,), zero-based."""
    pose_scale: float
    """Metres of one unit of the diffused poses."""

    def __call__(self, x: Array, rotation: Array, rows: slice) -> InitialState:
        """See `Initialization`."""
        poses = turn_points(like(self.poses[rows], x), rotation) / self.pose_scale
        hypotheses = poses.shape[1]
        known, steps = (
            repeat_rows(like(each[rows], x), hypotheses) for each in (self.known, self.steps)
        )
        return PureNoiseWhereUnknown(known, NoisedPose(poses.reshape(-1, *poses.shape[2:]), steps))


def create_initialization(
    preset: Preset, model: LiftingModel, mixste: Callable[[Array], Array] | None, hypotheses: int
) -> Initialization:
    """Where windows start that have no previous window; `previous` is pure noise to them.

    Args:
        preset: names the start.
        model: DiffHPE alone starts elsewhere than at noise.
        mixste: the backbone of a wrapper, see `BackboneInitialization`.
        hypotheses: of each window that is sampled; the preset's, or of each of its views.

    Raises:
        DiffhpeError: there is no start of that name, or no MixSTE to start from.
    """
    if preset.start not in STARTS:
        raise unknown("start", preset.start, STARTS)
    if preset.start != "backbone" or not isinstance(model, DiffusionModel):
        return NoiseInitialization()
    if mixste is None:
        raise DiffhpeError("start 'backbone' needs the MixSTE of a diffhpe-wrapper; none is given")
    # A sampler cannot visit more steps than there are from the start on.
    step = max(round(BACKBONE_LEVEL * model.schedule.steps), preset.steps) - 1
    return BackboneInitialization(mixste, model.pose_scale, hypotheses, step)
