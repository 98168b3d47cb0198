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
"""A start at MixSTE's pose adds the noise of this share of the diffusion steps. Signal and noise
are then equal: limbs are sampled again, while the posture as a whole is kept."""


class Initialization(Protocol):
    """Where the sampling of a batch of windows starts."""

    def __call__(self, x: Array, rotation: Array, rows: slice) -> InitialState:
        """The initial state for a part of the batch; the hypotheses of a window are adjacent.

        Args:
            x: (B, L, J, 2), the part's windows in the model's view.
            rotation: (B, 3, 3), into that view.
            rows: the part's rows in the batch.
        """


class NoiseInitialization:
    """Starts at pure noise, as published."""

    def __call__(self, x: Array, rotation: Array, rows: slice) -> InitialState:
        """See `Initialization`."""
        return PURE_NOISE


@dataclass(frozen=True)
class BackboneInitialization:
    """Starts at the pose of a wrapper's own MixSTE, noised to a middle step."""

    mixste: Callable[[Array], Array]
    """(B, L, J, 2) in the model's view → poses (B, L, J, 3), metres."""
    pose_scale: float
    """Metres per unit of the diffused poses."""
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
    """Starts at a track's previous poses, noised to a step for each window; else at pure noise."""

    poses: NDArray[np.float32]
    """(B, H, L, J, 3) metres, camera frame: estimates of this window; any value where unknown."""
    known: NDArray[np.bool_]
    """(B,), False where there is no pose to start at."""
    steps: NDArray[np.int64]
    """(B,), zero-based."""
    pose_scale: float
    """Metres per unit of the diffused poses."""

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
    """Where windows without a previous window start; for them, `previous` means pure noise.

    Args:
        preset: names the start.
        model: only DiffHPE can start at anything but noise.
        mixste: the backbone of a wrapper, see `BackboneInitialization`.
        hypotheses: the number per sampled window: the preset's, or that of each augmented view.

    Raises:
        DiffhpeError: there is no start with this name, or no MixSTE to start from.
    """
    if preset.start not in STARTS:
        raise unknown("start", preset.start, STARTS)
    if preset.start != "backbone" or not isinstance(model, DiffusionModel):
        return NoiseInitialization()
    if mixste is None:
        raise DiffhpeError("start 'backbone' needs the MixSTE of a diffhpe-wrapper; none is given")
    # A sampler cannot visit more steps than remain from the start.
    step = max(round(BACKBONE_LEVEL * model.schedule.steps), preset.steps) - 1
    return BackboneInitialization(mixste, model.pose_scale, hypotheses, step)
