"""The last poses of people, for as long as they may be of use."""

from collections.abc import Hashable
from typing import NamedTuple

import torch
from torch import Tensor

PEOPLE = 256
"""That are remembered at most."""
FORGET_S = 60.0
"""People are forgotten whose last window is this far from the newest: long after it was of use,
so that cameras of one lifter may have clocks that differ by less."""


class Remembered(NamedTuple):
    """A person's last window."""

    stamp: int
    """Of its newest frame, nanoseconds."""
    poses: Tensor
    """(H, L, J, 3) metres, camera frame."""


class Recalled(NamedTuple):
    """A person's last poses, moved on to a new window."""

    poses: Tensor
    """(H, L, J, 3); frames that are new hold the last pose."""
    new_frames: int
    """By which the new window is ahead."""


class Memory:
    """What was lifted of each person last, a bounded number of them.

    Args:
        rate: frames per second of the windows.
        people: remembered at most; those not lifted for the longest give way.
        forget_s: of stamps, after which who was not lifted is forgotten.
    """

    def __init__(self, rate: float, people: int = PEOPLE, forget_s: float = FORGET_S) -> None:
        self.rate = rate
        self._people = people
        self._forget_ns = round(forget_s * 1e9)
        self._last: dict[Hashable, Remembered] = {}

    def __len__(self) -> int:
        return len(self._last)

    def recall(self, person: Hashable, stamp: int) -> Recalled | None:
        """What the person's window of that time may look like.

        Returns:
            None where the last window is unknown, later, or more than half a window earlier.
        """
        last = self._last.get(person)
        if last is None or stamp < last.stamp:
            return None
        frames = last.poses.shape[1]
        new_frames = round((stamp - last.stamp) * self.rate / 1e9)
        if new_frames > frames // 2:
            return None
        kept = (torch.arange(frames) + new_frames).clamp(max=frames - 1)
        return Recalled(last.poses[:, kept], new_frames)

    def keep(self, person: Hashable, stamp: int, poses: Tensor) -> None:
        """Remember a person's poses (H, L, J, 3); nothing, where they are not finite."""
        self._last.pop(person, None)  # so that those lifted last stand last
        if bool(torch.isfinite(poses).all()):
            self._last[person] = Remembered(stamp, poses)
        while len(self._last) > self._people:
            del self._last[next(iter(self._last))]

    def forget(self, now: int) -> None:
        """Forget people whose last window is too far from that time, before or after it."""
        self._last = {
            person: last
            for person, last in self._last.items()
            if abs(now - last.stamp) <= self._forget_ns
        }
