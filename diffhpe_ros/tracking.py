"""Who is who from one frame to the next.

A tracker gives each detected person an id; the windows of a person are built from one id's
observations, so an id must never jump from one body to another.
"""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.detection.types import People

NOT_FOLLOWED = -1


class Tracker(Protocol):
    """Gives identities to the people of successive frames of one camera."""

    def update(self, people: People, stamp_ns: int) -> NDArray[np.int64]:
        """Identify the people of one frame.

        Args:
            people: P people.
            stamp_ns: the frame's time stamp.

        Returns:
            (P,) ids from 0 upwards, `NOT_FOLLOWED` for those that are not followed.
        """
        ...

    def reset(self) -> None:
        """Forget everybody; ids already given are not given again."""
        ...


class SinglePersonTracker:
    """Follows one person.

    It starts with the person who is largest and most confidently seen. From then on that id goes
    to the person nearest to where it was last, if near enough to be the same: the mean distance
    of the joints seen both times, in units of the person's size, at most
    `NEAR + FAR_PER_SECOND·(time since)`. While nobody is near, nobody is followed, so that one
    missed detection does not hand the id to a bystander; after `lost_s` the person counts as
    gone, and the best person gets a new id. A clock that jumps back starts a new id at once.
    """

    NEAR = 0.3
    FAR_PER_SECOND = 1.0

    def __init__(self, lost_s: float = 1.0) -> None:
        """Follow nobody yet; `lost_s` is the time in seconds after which a person is gone."""
        self._lost_ns = round(lost_s * 1e9)
        self._person = NOT_FOLLOWED
        self._last: NDArray[Any] | None = None
        self._last_ns = 0

    def reset(self) -> None:
        """Follow nobody; the next person gets a new id."""
        self._last = None

    def update(self, people: People, stamp_ns: int) -> NDArray[np.int64]:
        """Identify the followed person among P people; see `Tracker.update`."""
        ids = np.full(len(people), NOT_FOLLOWED, np.int64)
        if not 0 <= stamp_ns - self._last_ns <= self._lost_ns:
            self._last = None
        chosen = self._best(people) if self._last is None else self._nearest(people, stamp_ns)
        if chosen is None:
            return ids
        if self._last is None:
            self._person += 1
        self._last, self._last_ns = people.keypoints[chosen], stamp_ns
        ids[chosen] = self._person
        return ids

    @staticmethod
    def _best(people: People) -> int | None:
        """The person of the greatest confidence times size; None where nobody is to be seen."""
        scores = np.nan_to_num(people.confidence).sum(-1) * _sizes(people.keypoints)
        return int(scores.argmax()) if (scores > 0).any() else None

    def _nearest(self, people: People, stamp_ns: int) -> int | None:
        """The person near enough to be the followed one; None where there is none."""
        assert self._last is not None
        joints = np.linalg.norm(people.keypoints - self._last, axis=-1)
        common = np.isfinite(joints)
        # The larger of the two sizes: a head alone in one frame must not count as a small person.
        size = np.maximum(_sizes(people.keypoints), _sizes(self._last))
        with np.errstate(divide="ignore", invalid="ignore"):
            apart = np.where(common, joints, 0).sum(-1) / common.sum(-1) / size
        near = self.NEAR + self.FAR_PER_SECOND * (stamp_ns - self._last_ns) / 1e9
        apart = np.where(apart <= near, apart, np.inf)
        return int(apart.argmin()) if np.isfinite(apart).any() else None


def _sizes(keypoints: NDArray[Any]) -> NDArray[Any]:
    """Diagonals (...) of the boxes around the seen joints of (..., 17, 2), 0 where none is."""
    seen = np.isfinite(keypoints).all(-1, keepdims=True)
    least = np.where(seen, keypoints, np.inf).min(-2)
    most = np.where(seen, keypoints, -np.inf).max(-2)
    extent = np.where(seen.any(-2), np.where(most > least, most - least, 0), 0)
    return np.linalg.norm(extent, axis=-1)
