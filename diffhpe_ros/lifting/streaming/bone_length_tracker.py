"""The bone lengths of tracks, measured while they are seen."""

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
from diffhpe_ros.lifting.streaming.track_memory import MAX_TRACKS, TrackMemory
from diffhpe_ros.track_registry import STREAM_S

AVERAGED_S = 10.0
"""Lengths are averaged over this time: long enough for many postures, short enough to forget the
other person where a tracker has swapped two track ids."""


class TrackedLengths(NamedTuple):
    """The bone lengths of a track so far."""

    seconds: float
    """Time that the lengths are a mean over, at most `AVERAGED_S`."""
    lengths: NDArray[np.float64]
    """(16,) metres."""


class BoneLengthTracker:
    """The bone lengths of the tracks in a stream.

    A window measures the lengths in its own few postures. Their mean over more postures is nearer
    to the truth, and does not vary from window to window.

    Args:
        window_s: duration of a window.
        max_tracks: see `TrackMemory`.
        forget_s: see `TrackMemory`.
    """

    def __init__(
        self, window_s: float, max_tracks: int = MAX_TRACKS, forget_s: float = STREAM_S
    ) -> None:
        self._window_s = window_s
        self._known: TrackMemory[TrackedLengths] = TrackMemory(max_tracks, forget_s)

    def __len__(self) -> int:
        return len(self._known)

    def rule(self, track_ids: Sequence[Hashable], stamps: Sequence[int]) -> BoneLengthRule:
        """The rule for a batch of one window of each track; it updates their lengths, too."""

        def fixed_lengths(poses: Poses) -> Poses:
            found = mean_lengths(poses)
            for row, (track_id, stamp) in enumerate(zip(track_ids, stamps, strict=True)):
                if np.isfinite(found[row]).all():
                    found[row] = self._update(track_id, stamp, found[row].astype(np.float64))
            if len(stamps):
                self._known.forget(max(stamps))
            return with_lengths(poses, found)

        return fixed_lengths

    def _update(
        self, track_id: Hashable, stamp: int, lengths: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """The track's lengths with those of a new window in the mean."""
        known = self._known.get(track_id)
        if known is None or stamp < known[0]:  # a new track, or a clock that went back
            tracked = TrackedLengths(self._window_s, lengths)
        else:
            last_stamp, last = known
            new_s = min((stamp - last_stamp) / 1e9, self._window_s)
            seconds = min(last.seconds + new_s, AVERAGED_S)
            tracked = TrackedLengths(
                seconds, last.lengths + new_s / seconds * (lengths - last.lengths)
            )
        self._known.keep(track_id, stamp, tracked)
        return tracked.lengths
