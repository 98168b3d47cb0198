"""How long the bones of people are, found out while they are seen."""

from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.lifting.decode import Decode, Poses, mean_lengths, with_lengths
from diffhpe_ros.lifting.memory import FORGET_S, PEOPLE

AVERAGED_S = 10.0
"""Lengths are averaged over this time: long enough for many postures, short enough to forget
somebody whose number a tracker has given to the wrong person."""


class Body(NamedTuple):
    """A person's bones so far."""

    stamp: int
    """Of the newest window, nanoseconds."""
    seconds: float
    """That the lengths are a mean of, at most `AVERAGED_S`."""
    lengths: NDArray[np.float64]
    """(16,) metres."""


class Bodies:
    """The bodies of people in a stream, a bounded number of them.

    A window tells the lengths by its own few postures. Their mean over more of them is nearer to
    the truth, and does not breathe from window to window.

    Args:
        window_s: what a window lasts.
        people: remembered at most; those not lifted for the longest give way.
        forget_s: of stamps, after which who was not lifted is forgotten.
    """

    def __init__(self, window_s: float, people: int = PEOPLE, forget_s: float = FORGET_S) -> None:
        self._window_s = window_s
        self._people = people
        self._forget_ns = round(forget_s * 1e9)
        self._known: dict[Hashable, Body] = {}

    def __len__(self) -> int:
        return len(self._known)

    def decode(self, persons: Sequence[Hashable], stamps: Sequence[int]) -> Decode:
        """For a batch of one window of each person; learns from it, too."""

        def rigid(poses: Poses) -> Poses:
            found = mean_lengths(poses)
            for row, (person, stamp) in enumerate(zip(persons, stamps, strict=True)):
                if np.isfinite(found[row]).all():
                    found[row] = self._learn(person, stamp, found[row].astype(np.float64))
            if len(stamps):
                self._forget(max(stamps))
            return with_lengths(poses, found)

        return rigid

    def _learn(
        self, person: Hashable, stamp: int, lengths: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """The person's lengths with those of a new window in the mean."""
        last = self._known.pop(person, None)  # so that those lifted last stand last
        if last is None or stamp < last.stamp:  # nobody yet, or a clock that went back
            body = Body(stamp, self._window_s, lengths)
        else:
            new_s = min((stamp - last.stamp) / 1e9, self._window_s)
            seconds = min(last.seconds + new_s, AVERAGED_S)
            mean = last.lengths + new_s / seconds * (lengths - last.lengths)
            body = Body(stamp, seconds, mean)
        self._known[person] = body
        while len(self._known) > self._people:
            del self._known[next(iter(self._known))]
        return body.lengths

    def _forget(self, now: int) -> None:
        self._known = {
            person: body
            for person, body in self._known.items()
            if abs(now - body.stamp) <= self._forget_ns
        }
