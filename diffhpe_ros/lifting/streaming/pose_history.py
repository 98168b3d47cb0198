"""The last poses of people, for as long as they may be of use."""

from collections.abc import Hashable
from typing import NamedTuple

import torch
from torch import Tensor

from diffhpe_ros.lifting.streaming.tracked_state import MAX_TRACKS, TrackMemory
from diffhpe_ros.track_registry import STREAM_S


class RecalledPoses(NamedTuple):
    """A person's last poses, moved on to a new window."""

    poses: Tensor
    """(H, L, J, 3); frames that are new hold the last pose."""
    new_frames: int
    """By which the new window is ahead."""


class PoseHistory:
    """What was lifted of each person last.

    Args:
        rate: frames per second of the windows.
        people: see `TrackMemory`.
        forget_s: see `TrackMemory`.
    """

    def __init__(self, rate: float, people: int = MAX_TRACKS, forget_s: float = STREAM_S) -> None:
        self.rate = rate
        self._last: TrackMemory[Tensor] = TrackMemory(people, forget_s)  # (H, L, J, 3)

    def __len__(self) -> int:
        return len(self._last)

    def recall(self, person: Hashable, stamp: int) -> RecalledPoses | None:
        """What the person's window of that time may look like.

        Returns:
            None where the last window is unknown, later, or more than half a window earlier.
        """
        last = self._last.get(person)
        if last is None or stamp < last[0]:
            return None
        last_stamp, poses = last
        frames = poses.shape[1]
        new_frames = round((stamp - last_stamp) * self.rate / 1e9)
        if new_frames > frames // 2:
            return None
        kept = (torch.arange(frames) + new_frames).clamp(max=frames - 1)
        return RecalledPoses(poses[:, kept], new_frames)

    def keep(self, person: Hashable, stamp: int, poses: Tensor) -> None:
        """Remember a person's poses (H, L, J, 3); nothing, where they are not finite."""
        if bool(torch.isfinite(poses).all()):
            self._last.keep(person, stamp, poses)
        else:
            self._last.drop(person)

    def forget(self, now: int) -> None:
        """Forget people whose last window is too far from that time, before or after it."""
        self._last.forget(now)
