"""Who is who from one frame to the next.

A tracker gives each detected person an id; the windows of a person are built from one id's
observations, so an id must never jump from one body to another.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.detection.types import People
from diffhpe_ros.pose_distance import SAME_PERSON, pose_distances, pose_sizes
from diffhpe_ros.track_registry import TRACK_S

NOT_FOLLOWED = -1

_NEAR = 0.3
_FAR_PER_SECOND = 1.0
"""Who is nearer to where somebody is expected than `_NEAR + _FAR_PER_SECOND·(time unseen)`, in
units of the person's size, may be that person."""
_SMOOTHING_S = 0.15
"""Velocities are averaged over about so long: joints tremble."""
_COASTING_S = 0.5
"""Somebody unseen is expected to move on for about so long, and then to stay."""

_TRUST_NS = 200_000_000
"""Somebody new is remembered for so long after the first sight: detectors flicker."""


class Tracker(Protocol):
    """Gives identities to the people of successive frames of one camera."""

    @property
    def track_ids(self) -> set[int]:
        """Ids that may still be given: of those in view and those remembered."""

    def update(self, people: People, stamp_ns: int) -> NDArray[np.int64]:
        """Identify the people of one frame.

        Args:
            people: P people.
            stamp_ns: the frame's time stamp.

        Returns:
            (P,) ids from 0 upwards, `NOT_FOLLOWED` for those that are not followed.
        """

    def reset(self) -> None:
        """Forget everybody; ids already given are not given again."""


class PeopleTracker:
    """Follows several people by their motion and their 2D poses.

    Each person is expected where the motion so far leads. People and detections are paired so
    that the distances are smallest in all (`pose_distances`; the assignment is optimal, so that
    people keep their ids when the camera turns and everybody shifts). Those seen in the frame
    before choose first, then those who are remembered.

    A person unseen is remembered for `forget_s`, or for 0.2 s longer than they were followed if
    that is shorter: a phantom of one frame soon makes room again. Who returns sooner, near enough
    to where they are expected, keeps the id. A clock that jumps back makes everybody new.

    There is room for `max_people`, those remembered included. Whoever is followed stays so;
    places that become free go to the largest and most confidently seen. The number may be changed
    between frames; where it falls, the last to come go first. Somebody who lies on a followed
    person is the same person, detected twice, and gets no id.
    """

    def __init__(
        self, max_people: int = 1, forget_s: float = TRACK_S, first_track_id: int = 0
    ) -> None:
        """Follow nobody yet."""
        self.max_people = max_people
        self._forget_ns = round(forget_s * 1e9)
        self._tracks: list[_Track] = []
        self._next = first_track_id
        self._last_ns = 0

    @property
    def track_ids(self) -> set[int]:
        """Ids that may still be given: of those in view and those remembered."""
        return {track.person for track in self._tracks}

    def reset(self) -> None:
        """Forget everybody; the next people get new ids."""
        self._tracks = []

    def update(self, people: People, stamp_ns: int) -> NDArray[np.int64]:
        """Identify the people of one frame; see `Tracker.update`."""
        if stamp_ns < self._last_ns:
            self.reset()
        # Only now: whoever is unseen for longer is not recognised, whatever came in between.
        tracks = self._tracks[: self.max_people]
        self._tracks = [each for each in tracks if stamp_ns - each.seen_ns <= self._forget_ns]
        in_view = [track for track in self._tracks if track.seen_ns == self._last_ns]
        remembered = [track for track in self._tracks if track.seen_ns != self._last_ns]
        ids = np.full(len(people), NOT_FOLLOWED, np.int64)
        for tracks in (in_view, remembered):
            self._recognise(tracks, people, ids, stamp_ns)
        self._tracks = [track for track in self._tracks if self._remembers(track, stamp_ns)]
        self._welcome(people, ids, stamp_ns)
        self._last_ns = stamp_ns
        return ids

    def _recognise(
        self, tracks: Sequence["_Track"], people: People, ids: NDArray[np.int64], stamp_ns: int
    ) -> None:
        """Find some of the followed among the people without an id."""
        free = np.flatnonzero(ids == NOT_FOLLOWED)
        if not len(tracks) or not len(free):
            return
        expected = np.stack([track.expected(stamp_ns) for track in tracks])
        near = np.array([_NEAR + _FAR_PER_SECOND * track.unseen_s(stamp_ns) for track in tracks])
        # 1: too far away, and as bad as not to be there. Hence nobody is paired with a stranger
        # to make room for another pair.
        apart = (pose_distances(expected, people.keypoints[free]) / near[:, None]).clip(max=1)
        for row, column in _assign(apart):
            if apart[row, column] < 1:
                tracks[row].see(people.keypoints[free[column]], stamp_ns)
                ids[free[column]] = tracks[row].person

    def _remembers(self, track: "_Track", stamp_ns: int) -> bool:
        trusted_ns = _TRUST_NS + track.seen_ns - track.first_ns
        return stamp_ns - track.seen_ns <= min(self._forget_ns, trusted_ns)

    def _welcome(self, people: People, ids: NDArray[np.int64], stamp_ns: int) -> None:
        """Follow new people while there is room for them."""
        if (ids != NOT_FOLLOWED).all():
            return
        scores = np.nan_to_num(people.confidence).sum(-1) * pose_sizes(people.keypoints)
        scores[ids != NOT_FOLLOWED] = 0
        for row in np.argsort(-scores, kind="stable"):
            if len(self._tracks) >= self.max_people or not scores[row] > 0:
                return
            known = people.keypoints[ids != NOT_FOLLOWED]
            if not (pose_distances(people.keypoints[[row]], known) < SAME_PERSON).any():
                self._tracks.append(_Track(self._next, people.keypoints[row], stamp_ns, stamp_ns))
                ids[row] = self._next
                self._next += 1


@dataclass(eq=False)
class _Track:
    """What is known of one person."""

    person: int
    keypoints: NDArray[Any]
    """(17, 2) pixels when last seen; a joint that was not seen then where it is expected, and NaN
    if it never was."""
    first_ns: int
    seen_ns: int
    velocity: NDArray[Any] = field(default_factory=lambda: np.zeros(2))
    """(2,) pixels per second, of the whole body."""

    def unseen_s(self, stamp_ns: int) -> float:
        """Seconds since the person was seen."""
        return (stamp_ns - self.seen_ns) / 1e9

    def expected(self, stamp_ns: int) -> NDArray[Any]:
        """Where the joints (17, 2) are if the person goes on moving for a while."""
        coasting_s = _COASTING_S * -math.expm1(-self.unseen_s(stamp_ns) / _COASTING_S)
        return self.keypoints + self.velocity * coasting_s

    def see(self, keypoints: NDArray[Any], stamp_ns: int) -> None:
        """Take note of where the person (17, 2) is; at least one joint was seen before, too."""
        passed_s = self.unseen_s(stamp_ns)
        expected = self.expected(stamp_ns)
        if passed_s > 0:
            moved = np.nanmean(keypoints - self.keypoints, axis=0)
            new = -math.expm1(-passed_s / _SMOOTHING_S)
            self.velocity = self.velocity + new * (moved / passed_s - self.velocity)
        self.keypoints = np.where(np.isfinite(keypoints), keypoints, expected)
        self.seen_ns = stamp_ns


def _assign(cost: NDArray[Any]) -> list[tuple[int, int]]:
    """Pairs (row, column) of the least total cost, each row and column used once at most.

    Args:
        cost: (R, C) finite.
    """
    if cost.shape == (1, 1):  # one person, the usual case, needs no third of a second of imports
        return [(0, 0)]
    from scipy.optimize import linear_sum_assignment

    return list(zip(*linear_sum_assignment(cost), strict=True))
