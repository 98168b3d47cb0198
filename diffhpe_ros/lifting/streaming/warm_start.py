"""Warm starts: a stream's windows start at the last poses of the same track."""

from collections.abc import Hashable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from diffhpe_ros.lifting.models.diffhpe import DiffHPE
from diffhpe_ros.lifting.pipeline.initialization import PreviousPoseInitialization
from diffhpe_ros.lifting.pipeline.presets import Preset
from diffhpe_ros.lifting.streaming.image_motion import image_speed, initial_steps
from diffhpe_ros.lifting.streaming.track_memory import MAX_TRACKS, TrackMemory
from diffhpe_ros.track_registry import STREAM_S


class RecalledPoses(NamedTuple):
    """The last poses of a track, moved on to a new window."""

    poses: Tensor
    """(H, L, J, 3); frames that are new hold the last pose."""
    new_frames: int
    """Frames by which the new window is ahead."""


class PoseHistory:
    """The last lifted poses of each track.

    Args:
        rate: frames per second of the windows.
        max_tracks: see `TrackMemory`.
        forget_s: see `TrackMemory`.
    """

    def __init__(
        self, rate: float, max_tracks: int = MAX_TRACKS, forget_s: float = STREAM_S
    ) -> None:
        self.rate = rate
        self._last: TrackMemory[Tensor] = TrackMemory(max_tracks, forget_s)  # (H, L, J, 3)

    def __len__(self) -> int:
        return len(self._last)

    def recall(self, track_id: Hashable, stamp: int) -> RecalledPoses | None:
        """An estimate of the track's window at that time.

        Returns:
            None where the last window is unknown, later, or more than half a window earlier.
        """
        last = self._last.get(track_id)
        if last is None or stamp < last[0]:
            return None
        last_stamp, poses = last
        frames = poses.shape[1]
        new_frames = round((stamp - last_stamp) * self.rate / 1e9)
        if new_frames > frames // 2:
            return None
        kept = (torch.arange(frames) + new_frames).clamp(max=frames - 1)
        return RecalledPoses(poses[:, kept], new_frames)

    def keep(self, track_id: Hashable, stamp: int, poses: Tensor) -> None:
        """Remember the poses (H, L, J, 3) of a track; forget it if they are not finite."""
        if bool(torch.isfinite(poses).all()):
            self._last.keep(track_id, stamp, poses)
        else:
            self._last.drop(track_id)

    def forget(self, now: int) -> None:
        """Forget tracks whose last window is too far from that time, before or after it."""
        self._last.forget(now)


class WarmStart:
    """Remembers the last poses of tracks and starts their next windows there.

    Each hypothesis continues from itself, so that hypotheses stay apart. The faster a person moves
    in the image, the more noise; tracks without a usable past start at pure noise.

    Args:
        history: of the tracks.
        model: whose windows they are.
        preset: how it is sampled.
    """

    def __init__(self, history: PoseHistory, model: DiffHPE, preset: Preset) -> None:
        self.history = history
        self.model = model
        self.preset = preset

    def start(
        self, windows: Tensor, track_ids: Sequence[Hashable], stamps: Sequence[int]
    ) -> PreviousPoseInitialization:
        """Where the sampling of windows (B, L, J, 2) in the canonical view starts."""
        recalled = [
            self.history.recall(track_id, stamp)
            for track_id, stamp in zip(track_ids, stamps, strict=True)
        ]
        shape = (self.preset.hypotheses, *windows.shape[1:3], 3)
        nothing = RecalledPoses(windows.new_zeros(shape), new_frames=1)
        pasts = [past or nothing for past in recalled]
        new_frames = torch.tensor([past.new_frames for past in pasts])
        speed = image_speed(windows, new_frames, self.history.rate)
        return PreviousPoseInitialization(
            poses=torch.stack([past.poses for past in pasts]),
            known=torch.tensor([past is not None for past in recalled]),
            # A sampler cannot visit more steps than there are from the start on.
            steps=initial_steps(speed, self.model.schedule.steps).clamp(min=self.preset.steps - 1),
            pose_scale=self.model.pose_scale,
        )

    def keep(
        self, track_ids: Sequence[Hashable], stamps: Sequence[int], hypotheses: Tensor
    ) -> None:
        """Remember the poses (B, H, L, J, 3) of the tracks, and forget tracks long gone."""
        for track_id, stamp, poses in zip(track_ids, stamps, hypotheses, strict=True):
            self.history.keep(track_id, stamp, poses.clone())
        self.history.forget(max(stamps))


def create_warm_start(model: object, preset: Preset, rate: float) -> WarmStart | None:
    """The warm start of a stream; None where the preset or the model has none.

    Args:
        model: DiffHPE alone can start at a pose; others ignore the preset's start.
        preset: how it is sampled.
        rate: frames per second of the windows.
    """
    if preset.start != "previous" or not isinstance(model, DiffHPE):
        return None
    return WarmStart(PoseHistory(rate), model, preset)
