"""Measures the bone lengths of tracks while they are seen."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.lifting.pipeline.bone_lengths import (
    BoneLengthRule,
    Poses,
    mean_lengths,
    with_lengths,
)

AVERAGED_S = 10.0
"""Lengths are averaged over this time: long enough for many postures, short enough to forget
another person after a tracker swapped two track ids."""


class BoneLengthTracker:
    """The bone lengths of one track.

    A window measures the lengths in only a few postures. Their mean over more postures is more
    accurate and does not vary from window to window.

    Args:
        window_s: duration of a window.
    """

    def __init__(self, window_s: float) -> None:
        self._window_s = window_s
        self._averaged_s = 0.0
        self._mean: NDArray[np.float64] = np.zeros(0)
        self._stamp = 0

    def update(self, stamp: int, lengths: NDArray[np.float64]) -> NDArray[np.float64]:
        """The mean of the track's lengths (16,) in metres, including a new window's.

        Args:
            stamp: the window's, nanoseconds; not before the last window's.
            lengths: (16,) metres.
        """
        if not len(self._mean):
            self._averaged_s, self._mean = self._window_s, lengths
        else:
            new_s = min((stamp - self._stamp) / 1e9, self._window_s)
            self._averaged_s = min(self._averaged_s + new_s, AVERAGED_S)
            self._mean = self._mean + new_s / self._averaged_s * (lengths - self._mean)
        self._stamp = stamp
        return self._mean


def tracked_lengths(trackers: Sequence[BoneLengthTracker], stamps: Sequence[int]) -> BoneLengthRule:
    """The rule for a batch of one window per track; it also updates the tracks' lengths."""

    def fixed_lengths(poses: Poses) -> Poses:
        found = mean_lengths(poses)
        for row, (tracker, stamp) in enumerate(zip(trackers, stamps, strict=True)):
            if np.isfinite(found[row]).all():
                found[row] = tracker.update(stamp, found[row].astype(np.float64))
        return with_lengths(poses, found)

    return fixed_lengths
