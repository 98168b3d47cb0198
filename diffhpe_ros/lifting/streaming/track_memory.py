"""The memory of a stream: a value for each track, forgotten when it is of no more use."""

from collections.abc import Hashable
from typing import Generic, TypeVar

from diffhpe_ros.track_registry import STREAM_S

T = TypeVar("T")

MAX_TRACKS = 256
"""Tracks that are remembered at most."""


class TrackMemory(Generic[T]):
    """A value for each track with the stamp of its last window, of a bounded number of tracks.

    Args:
        max_tracks: remembered at most; the one that was lifted the longest ago is forgotten first.
        forget_s: by the stamps; a track that was not lifted for longer is forgotten.
    """

    def __init__(self, max_tracks: int = MAX_TRACKS, forget_s: float = STREAM_S) -> None:
        self._max_tracks = max_tracks
        self._forget_ns = round(forget_s * 1e9)
        self._known: dict[Hashable, tuple[int, T]] = {}

    def __len__(self) -> int:
        return len(self._known)

    def get(self, track_id: Hashable) -> tuple[int, T] | None:
        """Stamp in nanoseconds and value; None for an unknown track."""
        return self._known.get(track_id)

    def keep(self, track_id: Hashable, stamp: int, value: T) -> None:
        """Remember this instead of what was known."""
        self.drop(track_id)  # so that tracks stand in the order of their last windows
        self._known[track_id] = stamp, value
        while len(self._known) > self._max_tracks:
            del self._known[next(iter(self._known))]

    def drop(self, track_id: Hashable) -> None:
        """Forget a track."""
        self._known.pop(track_id, None)

    def forget(self, now: int) -> None:
        """Forget tracks whose last window is too far from that time, before or after it."""
        self._known = {
            track_id: (stamp, value)
            for track_id, (stamp, value) in self._known.items()
            if abs(now - stamp) <= self._forget_ns
        }
