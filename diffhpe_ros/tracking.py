"""Who is who from one frame to the next.

A tracker gives each detected person an id; the windows of a person are built from one id's
observations, so an id must never jump from one body to another.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.clothes import Clothes
from diffhpe_ros.detection.types import People
from diffhpe_ros.pose_distance import SAME_PERSON, pose_distances, pose_sizes
from diffhpe_ros.reidentification import SURE, identify, same_clothes_odds
from diffhpe_ros.track_registry import RETURN_S, TRACK_S

NOT_FOLLOWED = -1
_NEW = -2

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
_FASTEST_PER_SECOND = 3.0
"""In sizes: nobody is known again who would have run faster."""
_NEWEST_IMAGES = 5
"""So many images show what somebody wears now."""
_EXCHANGE = 4.0
"""Log odds that somebody is another one by their clothes: from then on it is clear."""
_MOST_DEPARTED = 32
"""Bounds memory and time."""


@dataclass(frozen=True)
class Return:
    """Somebody who was gone, and has got their id again."""

    track_id: int
    probability: float
    """That it is them, by their clothes."""
    away_s: float

    def __str__(self) -> str:
        return (
            f"person {self.track_id} after {self.away_s:.1f} s (probability {self.probability:.2f})"
        )


class Tracker(Protocol):
    """Gives identities to the people of successive frames of one camera."""

    @property
    def track_ids(self) -> set[int]:
        """Ids that may still be given: of those in view and those remembered."""

    @property
    def returns(self) -> Sequence[Return]:
        """Who was known again in the last frame, after their track had ended."""

    @property
    def exchanges(self) -> Sequence[tuple[int, int]]:
        """Pairs of ids that were found, by the last frame, to be each on the other's person.

        The second may be of somebody who was gone.
        """

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
    before choose first, then those who are remembered. Nobody is paired with who clearly wears the
    clothes of another one who may be there.

    A person unseen is remembered for `forget_s`, or for 0.2 s longer than they were followed if
    that is shorter: a phantom of one frame soon makes room again. Who returns sooner, near enough
    to where they are expected, keeps the id. A clock that jumps back makes everybody new.

    Who returns within `return_s`, anywhere, is known again by their clothes where those are in
    `People.clothes` and leave no doubt (`returns`). Where the clothes are seen only after they got
    a new id, they get the former one instead (`exchanges`). Where two tracks wear each other's
    clothes after they met, they exchange their ids (`exchanges`, too).

    There is room for `max_people`, those remembered included. Whoever is followed stays so;
    places that become free go to the largest and most confidently seen. The number may be changed
    between frames; where it falls, the last to come go first. Somebody who lies on a followed
    person is the same person, detected twice, and gets no id.
    """

    def __init__(
        self,
        max_people: int = 1,
        forget_s: float = TRACK_S,
        first_track_id: int = 0,
        return_s: float = RETURN_S,
    ) -> None:
        """Follow nobody yet."""
        self.max_people = max_people
        self._forget_ns = round(forget_s * 1e9)
        self._tracks: list[_Track] = []
        self._return_ns = round(return_s * 1e9)
        self._departed: list[_Track] = []
        self._next = first_track_id
        self._last_ns = 0
        self.returns: list[Return] = []
        """Who was known again in the last frame, after their track had ended."""
        self.exchanges: list[tuple[int, int]] = []
        """Pairs of ids that were found, by the last frame, to be each on the other's person.

        The second may be of somebody who was gone.
        """

    @property
    def track_ids(self) -> set[int]:
        """Ids that may still be given: of those in view and those remembered."""
        return {track.person for track in self._tracks}

    def reset(self) -> None:
        """Forget everybody; the next people get new ids."""
        self._tracks = []
        self._departed = []

    def update(self, people: People, stamp_ns: int) -> NDArray[np.int64]:
        """Identify the people of one frame; see `Tracker.update`."""
        if stamp_ns < self._last_ns:
            self.reset()
        # Only now: whoever is unseen for longer is not recognised, whatever came in between.
        tracks = self._tracks[: self.max_people]
        self._keep(
            tracks, [stamp_ns - each.seen_ns <= self._forget_ns for each in tracks], stamp_ns
        )
        in_view = [track for track in self._tracks if track.seen_ns == self._last_ns]
        remembered = [track for track in self._tracks if track.seen_ns != self._last_ns]
        apart = dict(zip(self._tracks, self._apart(people, stamp_ns), strict=True))
        found: dict[int, _Track] = {}
        for tracks in (in_view, remembered):
            self._recognise(tracks, apart, people, found, stamp_ns)
        self._keep(
            self._tracks, [self._remembers(each, stamp_ns) for each in self._tracks], stamp_ns
        )
        self._welcome(people, found, stamp_ns)
        self.returns, self.exchanges = [], []
        self._identify(found.values())
        self._exchange(found.values())
        self._last_ns = stamp_ns
        ids = np.full(len(people), NOT_FOLLOWED, np.int64)
        for row, track in found.items():
            ids[row] = track.person
        return ids

    def _keep(self, tracks: Sequence["_Track"], kept: Sequence[bool], stamp_ns: int) -> None:
        """Go on with some of the tracks; the others have ended."""
        self._tracks = [track for track, stays in zip(tracks, kept, strict=True) if stays]
        ended = [track for track, stays in zip(tracks, kept, strict=True) if not stays]
        self._departed = [
            track
            for track in [*self._departed, *ended]
            if stamp_ns - track.seen_ns <= self._return_ns
        ][-_MOST_DEPARTED:]

    def _recognise(
        self,
        tracks: Sequence["_Track"],
        apart: Mapping["_Track", NDArray[Any]],
        people: People,
        found: dict[int, "_Track"],
        stamp_ns: int,
    ) -> None:
        """Find some of the followed among the people who are not found yet."""
        free = [row for row in range(len(people)) if row not in found]
        if not tracks or not free:
            return
        cost = np.stack([apart[track][free] for track in tracks])
        for row, column in _assign(cost):
            if cost[row, column] < 1:
                tracks[row].see(people, free[column], stamp_ns)
                found[free[column]] = tracks[row]

    def _apart(self, people: People, stamp_ns: int) -> NDArray[Any]:
        """How far people are from where the followed are expected, (T, P).

        1: too far away, and as bad as not to be there. Hence nobody is paired with a stranger to
        make room for another pair. Nor with who clearly wears the clothes of another one who may
        be there, also of one who was gone.
        """
        count = len(self._tracks)
        known = [*self._tracks, *self._departed]
        if not count or not len(people):
            return np.ones((count, len(people)))
        expected = np.stack([track.expected(stamp_ns) for track in known])
        unseen_s = np.array([track.unseen_s(stamp_ns) for track in known])
        reach = _NEAR + _FAR_PER_SECOND * unseen_s
        reach[count:] = _NEAR + _FASTEST_PER_SECOND * unseen_s[count:]
        apart = (pose_distances(expected, people.keypoints) / reach[:, None]).clip(max=1)
        if people.clothes is not None and len(known) > 1:
            clothes = np.stack([track.clothes.mean for track in known])
            odds = same_clothes_odds(people.clothes, clothes[:, None])
            best = np.where(apart < 1, odds, -np.inf).max(0)
            clear = (odds < 0) & (best > 0) & (best - odds > _EXCHANGE)
            apart[clear] = 1
        # One scale for each track, not one for each pair: the larger is not nearer.
        sizes = np.maximum(pose_sizes(expected)[:, None], pose_sizes(people.keypoints))
        sizes = np.where(apart < 1, sizes, 0)
        largest = np.maximum(sizes.max(1, keepdims=True), 1)
        return np.asarray(np.where(apart < 1, apart * sizes / largest, 1)[:count])

    def _remembers(self, track: "_Track", stamp_ns: int) -> bool:
        trusted_ns = _TRUST_NS + track.seen_ns - track.first_ns
        return stamp_ns - track.seen_ns <= min(self._forget_ns, trusted_ns)

    def _welcome(self, people: People, found: dict[int, "_Track"], stamp_ns: int) -> None:
        """Follow new people while there is room for them."""
        if len(found) == len(people):
            return
        scores = np.nan_to_num(people.confidence).sum(-1) * pose_sizes(people.keypoints)
        scores[list(found)] = 0
        for row in np.argsort(-scores, kind="stable").tolist():
            if len(self._tracks) >= self.max_people or not scores[row] > 0:
                return
            known = people.keypoints[sorted(found)]
            if not (pose_distances(people.keypoints[[row]], known) < SAME_PERSON).any():
                found[row] = track = _Track(people.keypoints[row], stamp_ns, stamp_ns)
                track.see(people, row, stamp_ns)
                self._tracks.append(track)

    def _identify(self, found: Collection["_Track"]) -> None:
        """Find out who of the new people was seen before, as soon as their clothes say it."""
        for track in found:
            if track.identified:
                continue
            before = [*self._departed, *self._tracks]
            known = [each for each in before if each.may_be_known_as(track)]
            identity = identify(track.clothes, [each.clothes for each in known])
            sure = identity.probability >= SURE
            if sure and identity.row is not None:
                self._return(track, known[identity.row], identity.probability)
            track.identified = sure or bool((track.newest_clothes.images == _NEWEST_IMAGES).all())
            if track.person == _NEW:
                track.person = self._next
                self._next += 1

    def _exchange(self, found: Collection["_Track"]) -> None:
        """Exchange the ids of two who wear each other's clothes."""
        for first, second in combinations(found, 2):
            if first.may_be(second) and second.may_be(first):
                self.exchanges.append((first.person, second.person))
                first.person, second.person = second.person, first.person
                first.clothes, second.clothes = second.clothes, first.clothes

    def _return(self, track: "_Track", before: "_Track", probability: float) -> None:
        """Go on with the id that somebody had before."""
        away_s = before.unseen_s(track.first_ns)
        if track.person != _NEW:
            self.exchanges.append((track.person, before.person))
        self.returns.append(Return(before.person, probability, away_s))
        track.person, track.clothes = before.person, before.clothes
        for tracks in (self._departed, self._tracks):
            if before in tracks:
                tracks.remove(before)


@dataclass(eq=False)
class _Track:
    """What is known of one person."""

    keypoints: NDArray[Any]
    """(17, 2) pixels when last seen; a joint that was not seen then where it is expected, and NaN
    if it never was."""
    first_ns: int
    seen_ns: int
    velocity: NDArray[Any] = field(default_factory=lambda: np.zeros(2))
    """(2,) pixels per second, of the whole body."""
    clothes: Clothes = field(default_factory=Clothes)
    newest_clothes: Clothes = field(default_factory=lambda: Clothes(_NEWEST_IMAGES))
    person: int = _NEW
    identified: bool = False
    """Whether it is known if this is somebody who was seen before."""

    def unseen_s(self, stamp_ns: int) -> float:
        """Seconds since the person was seen."""
        return (stamp_ns - self.seen_ns) / 1e9

    def may_be_known_as(self, track: "_Track") -> bool:
        """Whether somebody's clothes are known, and they may have come to a new track's place."""
        if self.seen_ns >= track.first_ns or not self.clothes.images.any():
            return False
        apart = pose_distances(self.keypoints[None], track.keypoints[None])[0, 0]
        return bool(apart < _NEAR + _FASTEST_PER_SECOND * self.unseen_s(track.first_ns))

    def may_be(self, other: "_Track") -> bool:
        """Whether somebody wears what another one wore, and not what they wore before."""
        newest = self.newest_clothes
        known = np.stack([other.clothes.mean, self.clothes.mean])
        odds = same_clothes_odds(newest.mean, known)
        return bool((newest.images == _NEWEST_IMAGES).all() and odds[0] - odds[1] > _EXCHANGE)

    def expected(self, stamp_ns: int) -> NDArray[Any]:
        """Where the joints (17, 2) are if the person goes on moving for a while."""
        coasting_s = _COASTING_S * -math.expm1(-self.unseen_s(stamp_ns) / _COASTING_S)
        return self.keypoints + self.velocity * coasting_s

    def see(self, people: People, row: int, stamp_ns: int) -> None:
        """Take note of where the person is; at least one joint was seen before, too."""
        keypoints = people.keypoints[row]
        if people.clothes is not None:
            self.clothes.see(people.clothes[row])
            self.newest_clothes.see(people.clothes[row])
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
