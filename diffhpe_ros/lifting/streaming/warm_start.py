"""Warm starts: a stream's windows start at the last poses of the same track."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.lifting.models.base import DiffusionModel
from diffhpe_ros.lifting.pipeline.initialization import PreviousPoseInitialization
from diffhpe_ros.lifting.pipeline.presets import Preset
from diffhpe_ros.lifting.streaming.image_motion import image_speed, initial_steps

_SAME_RATE = 0.02
"""Largest relative difference of two windows' rates: images do not come at exact times."""


class RecalledPoses(NamedTuple):
    """The last poses of a track, shifted in time to a new window."""

    poses: NDArray[np.float32]
    """(H, L, J, 3); new frames hold the last pose."""
    new_frames: int
    """Frames by which the new window is ahead."""


class PoseHistory:
    """The last lifted poses of one track."""

    def __init__(self) -> None:
        self._stamp, self._rate = 0, 0.0
        self._poses: NDArray[np.float32] | None = None  # (H, L, J, 3)

    def recall(self, stamp: int, rate: float) -> RecalledPoses | None:
        """Estimate the track's window at this time.

        Args:
            stamp: nanoseconds, not before the last window's.
            rate: frames per second of the windows.

        Returns:
            The estimate; None if the last window is unknown, more than half a window earlier, or
            of another rate, as those of new people are.
        """
        if self._poses is None or abs(rate - self._rate) > _SAME_RATE * rate:
            return None
        frames = self._poses.shape[1]
        new_frames = round((stamp - self._stamp) * rate / 1e9)
        if new_frames > frames // 2:
            return None
        kept = (np.arange(frames) + new_frames).clip(max=frames - 1)
        return RecalledPoses(self._poses[:, kept], new_frames)

    def keep(self, stamp: int, rate: float, poses: NDArray[np.float32]) -> None:
        """Keep poses (H, L, J, 3) in place of the last ones; keep none if they are not finite."""
        self._stamp, self._rate = stamp, rate
        self._poses = poses if np.isfinite(poses).all() else None


class WarmStart:
    """Starts windows at the last poses of their tracks.

    Each hypothesis continues from its own last poses, so hypotheses stay different. The faster a
    person moves in the image, the more noise is added. Tracks without usable last poses start at
    pure noise.

    Args:
        model: the model to sample.
        preset: how it is sampled.
    """

    def __init__(self, model: DiffusionModel, preset: Preset) -> None:
        self.model = model
        self.preset = preset

    def start(
        self,
        windows: NDArray[np.float32],
        histories: Sequence[PoseHistory],
        stamps: Sequence[int],
        rates: NDArray[np.float64],
        orientation: NDArray[np.float64] | None = None,
    ) -> PreviousPoseInitialization:
        """Where the sampling of windows (B, L, J, 2) in the canonical view starts.

        Args:
            windows: one of each of B tracks.
            histories: the tracks' last poses.
            stamps: the windows', nanoseconds.
            rates: (B,), the windows', frames per second.
            orientation: (B, 3, 3), the cameras', see `LiftingStream.lift`.
        """
        recalled = [
            history.recall(stamp, rate)
            for history, stamp, rate in zip(histories, stamps, rates.tolist(), strict=True)
        ]
        shape = (self.preset.hypotheses, *windows.shape[1:3], 3)
        nothing = RecalledPoses(np.zeros(shape, np.float32), new_frames=1)
        pasts = [past or nothing for past in recalled]
        new_frames = np.array([past.new_frames for past in pasts])
        speed = image_speed(windows, new_frames, rates)
        poses = np.stack([past.poses for past in pasts])
        if orientation is not None:
            poses = turned(poses, np.swapaxes(orientation, -1, -2))
        return PreviousPoseInitialization(
            poses=poses,
            known=np.array([past is not None for past in recalled]),
            # A sampler cannot visit more steps than remain from the start.
            steps=initial_steps(speed, self.model.schedule.steps).clip(min=self.preset.steps - 1),
            pose_scale=self.model.pose_scale,
        )


def turned(poses: NDArray[np.float32], rotations: NDArray[np.float64]) -> NDArray[np.float32]:
    """Poses (B, H, L, J, 3) rotated by (B, 3, 3)."""
    return np.einsum("bxy,bhljy->bhljx", rotations.astype(poses.dtype), poses)


def create_warm_start(model: object, preset: Preset) -> WarmStart | None:
    """The warm start of a stream; None if the preset or the model has none.

    Args:
        model: only DiffHPE can start at a pose; others ignore the preset's start.
        preset: how it is sampled.
    """
    if preset.start != "previous" or not isinstance(model, DiffusionModel):
        return None
    return WarmStart(model, preset)
