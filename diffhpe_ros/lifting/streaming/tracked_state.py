"""What a stream knows of each person, for as long as it may be of use."""

from collections.abc import Hashable
from typing import Generic, TypeVar

from diffhpe_ros.track_registry import STREAM_S

T = TypeVar("T")

MAX_TRACKS = 256
"""That are remembered at most."""


class TrackMemory(Generic[T]):
    """Something of each person with the stamp of their last window, of a bounded number of people.

    Args:
        people: remembered at most; those not lifted for the longest give way.
        forget_s: of stamps, after which who was not lifted is forgotten.
    """

    def __init__(self, people: int = MAX_TRACKS, forget_s: float = STREAM_S) -> None:
        self._people = people
        self._forget_ns = round(forget_s * 1e9)
        self._known: dict[Hashable, tuple[int, T]] = {}

    def __len__(self) -> int:
        return len(self._known)

    def get(self, person: Hashable) -> tuple[int, T] | None:
        """Stamp in nanoseconds and what is known; None of a stranger."""
        return self._known.get(person)

    def keep(self, person: Hashable, stamp: int, its: T) -> None:
        """Remember this instead of what was known."""
        self.drop(person)  # so that those lifted last stand last
        self._known[person] = stamp, its
        while len(self._known) > self._people:
            del self._known[next(iter(self._known))]

    def drop(self, person: Hashable) -> None:
        """Forget somebody."""
        self._known.pop(person, None)

    def forget(self, now: int) -> None:
        """Forget people whose last window is too far from that time, before or after it."""
        self._known = {
            person: (stamp, its)
            for person, (stamp, its) in self._known.items()
            if abs(now - stamp) <= self._forget_ns
        }
