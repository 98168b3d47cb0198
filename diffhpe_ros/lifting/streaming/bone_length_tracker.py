"""How long the bones of people are, found out while they are seen."""

from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.lifting.pipeline.bone_lengths import (
    BoneLengthRule,
    Poses,
    mean_lengths,
    with_lengths,
)
from diffhpe_ros.lifting.streaming.tracked_state import MAX_TRACKS, TrackMemory
from diffhpe_ros.track_registry import STREAM_S

AVERAGED_S = 10.0
"""Lengths are averaged over this time: long enough for many postures, short enough to forget
somebody whose number a tracker has given to the wrong person."""


class TrackedLengths(NamedTuple):
    """A person's bones so far."""

    seconds: float
    """That the lengths are a mean of, at most `AVERAGED_S`."""
    lengths: NDArray[np.float64]
    """(16,) metres."""


class BoneLengthTracker:
    """The bodies of people in a stream.

    A window tells the lengths by its own few postures. Their mean over more of them is nearer to
    the truth, and does not breathe from window to window.

    Args:
        window_s: what a window lasts.
        people: see `TrackMemory`.
        forget_s: see `TrackMemory`.
    """

    def __init__(
        self, window_s: float, people: int = MAX_TRACKS, forget_s: float = STREAM_S
    ) -> None:
        self._window_s = window_s
        self._known: TrackMemory[TrackedLengths] = TrackMemory(people, forget_s)

    def __len__(self) -> int:
        return len(self._known)

    def decode(self, track_ids: Sequence[Hashable], stamps: Sequence[int]) -> BoneLengthRule:
        """For a batch of one window of each person; learns from it, too."""

        def fixed_lengths(poses: Poses) -> Poses:
            found = mean_lengths(poses)
            for row, (person, stamp) in enumerate(zip(track_ids, stamps, strict=True)):
                if np.isfinite(found[row]).all():
                    found[row] = self._learn(person, stamp, found[row].astype(np.float64))
            if len(stamps):
                self._known.forget(max(stamps))
            return with_lengths(poses, found)

        return fixed_lengths

    def _learn(
        self, person: Hashable, stamp: int, lengths: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """The person's lengths with those of a new window in the mean."""
        known = self._known.get(person)
        if known is None or stamp < known[0]:  # nobody yet, or a clock that went back
            body = TrackedLengths(self._window_s, lengths)
        else:
            last_stamp, last = known
            new_s = min((stamp - last_stamp) / 1e9, self._window_s)
            seconds = min(last.seconds + new_s, AVERAGED_S)
            body = TrackedLengths(
                seconds, last.lengths + new_s / seconds * (lengths - last.lengths)
            )
        self._known.keep(person, stamp, body)
        return body.lengths
