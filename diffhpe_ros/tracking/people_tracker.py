"""Tracks several people by their motion, their 2D poses and their clothes."""

from collections.abc import Collection, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.detection.types import People, check_counts
from diffhpe_ros.pose_distance import SAME_PERSON, pose_distances, pose_sizes
from diffhpe_ros.reidentification import SURE, identify
from diffhpe_ros.track_registry import RETURN_S, TRACK_S
from diffhpe_ros.tracking.association import assign, association_costs
from diffhpe_ros.tracking.track import Track
from diffhpe_ros.tracking.tracker import NOT_FOLLOWED, Return

_MOST_ENDED = 32
"""Most ended tracks whose people may come back: bounds memory and time."""


class PeopleTracker:
    """Tracks several people by their motion, their 2D poses and their clothes; a `Tracker`.

    Each person's place is predicted from their motion. Tracks and detections are paired so that the
    sum of distances is smallest (`association_costs`). The assignment is optimal, so people keep
    their ids when the camera turns and all of them shift. Tracks seen in the previous image choose
    first, then the other active ones. No track is paired with a person who clearly wears the
    clothes of another person who may be there.

    An unseen track stays active for `forget_s`, or for 0.2 s longer than it was seen if that is
    shorter: so a false detection in one image soon frees its place. A person who returns earlier,
    near enough to the predicted place, keeps the id. A clock that jumps back ends all tracks.

    A person who returns within `return_s`, anywhere, is recognized by the clothes if they are in
    `People.clothes` and leave no doubt (`returns`). If the clothes are seen only after the person
    got a new id, the former id replaces it (`exchanges`). If the people of two tracks wear each
    other's clothes after they met, the tracks exchange their ids (also `exchanges`).

    At most `max_people` tracks are active. A track keeps its place; free places go to the largest
    and most confidently seen people. The number may be changed between images; if it falls, the
    newest tracks end first. A detection that lies on a tracked person is a duplicate of the same
    person, and gets no track.
    """

    def __init__(
        self,
        max_people: int = 1,
        forget_s: float = TRACK_S,
        first_track_id: int = 0,
        return_s: float = RETURN_S,
    ) -> None:
        """Start without tracks.

        Raises:
            DiffhpeError: `max_people` is no whole number from 1 on.
        """
        check_counts(max_people=max_people)
        self.max_people = max_people
        self._forget_ns = round(forget_s * 1e9)
        self._tracks: list[Track] = []
        self._return_ns = round(return_s * 1e9)
        self._ended: list[Track] = []
        self._next = first_track_id
        self._last_ns = 0
        self.returns: list[Return] = []
        """See `Tracker.returns`."""
        self.exchanges: list[tuple[int, int]] = []
        """See `Tracker.exchanges`."""

    @property
    def track_ids(self) -> set[int]:
        """Ids of the active tracks, seen in the newest image or not."""
        return {track.track_id for track in self._tracks}

    def reset(self) -> None:
        """End all tracks; their ids are not used again."""
        self._tracks = []
        self._ended = []

    def update(self, people: People, stamp_ns: int) -> NDArray[np.int64]:
        """Track ids of the people of the next image; see `Tracker.update`."""
        if stamp_ns < self._last_ns:
            self.reset()
        tracks = self._tracks[: self.max_people]
        # Before matching: a person unseen for longer is not matched, whatever happened in between.
        kept = [stamp_ns - track.seen_ns <= self._forget_ns for track in tracks]
        self._keep(tracks, kept, stamp_ns)
        found = self._match(people, stamp_ns)
        kept = [track.is_kept(stamp_ns, self._forget_ns) for track in self._tracks]
        self._keep(self._tracks, kept, stamp_ns)
        self._start_tracks(people, found, stamp_ns)
        self.returns, self.exchanges = [], []
        self._identify(found.values())
        self._exchange(found.values())
        self._last_ns = stamp_ns
        ids = np.full(len(people), NOT_FOLLOWED, np.int64)
        for row, track in found.items():
            ids[row] = track.track_id
        return ids

    def _keep(self, tracks: Sequence[Track], kept: Sequence[bool], stamp_ns: int) -> None:
        """Keep some of the tracks; the others have ended."""
        self._tracks = [track for track, stays in zip(tracks, kept, strict=True) if stays]
        ended = [track for track, stays in zip(tracks, kept, strict=True) if not stays]
        self._ended = [
            track for track in [*self._ended, *ended] if stamp_ns - track.seen_ns <= self._return_ns
        ][-_MOST_ENDED:]

    def _match(self, people: People, stamp_ns: int) -> dict[int, Track]:
        """Row of people → track: tracks seen in the last image choose first, then the others."""
        in_view = [track for track in self._tracks if track.seen_ns == self._last_ns]
        unseen = [track for track in self._tracks if track.seen_ns != self._last_ns]
        costs = association_costs(self._tracks, self._ended, people, stamp_ns)
        cost_of = dict(zip(self._tracks, costs, strict=True))
        found: dict[int, Track] = {}
        for tracks in (in_view, unseen):
            self._match_some(tracks, cost_of, people, found, stamp_ns)
        return found

    def _match_some(
        self,
        tracks: Sequence[Track],
        cost_of: Mapping[Track, NDArray[Any]],
        people: People,
        found: dict[int, Track],
        stamp_ns: int,
    ) -> None:
        """Match some of the tracks to people who have none, and add them to `found`."""
        free = [row for row in range(len(people)) if row not in found]
        if not tracks or not free:
            return
        cost = np.stack([cost_of[track][free] for track in tracks])
        for row, column in assign(cost):
            if cost[row, column] < 1:
                tracks[row].update(people, free[column], stamp_ns)
                found[free[column]] = tracks[row]

    def _start_tracks(self, people: People, found: dict[int, Track], stamp_ns: int) -> None:
        """Start tracks for new people, up to `max_people`."""
        if len(found) == len(people):
            return
        scores = np.nan_to_num(people.confidence).sum(-1) * pose_sizes(people.keypoints)
        scores[list(found)] = 0
        for row in np.argsort(-scores, kind="stable").tolist():
            if len(self._tracks) >= self.max_people or not scores[row] > 0:
                return
            known = people.keypoints[sorted(found)]
            if not (pose_distances(people.keypoints[[row]], known) < SAME_PERSON).any():
                found[row] = track = Track(people.keypoints[row], stamp_ns, stamp_ns)
                track.update(people, row, stamp_ns)
                self._tracks.append(track)

    def _identify(self, found: Collection[Track]) -> None:
        """Find new tracks that continue earlier ones, as soon as their clothes are clear."""
        for track in found:
            if track.identified:
                continue
            before = [*self._ended, *self._tracks]
            known = [each for each in before if each.may_have_become(track)]
            identity = identify(track.clothes, [each.clothes for each in known])
            sure = identity.probability >= SURE
            if sure and identity.row is not None:
                self._return(track, known[identity.row], identity.probability)
            track.identified = sure or track.shows_clothes
            if not track.has_id:
                track.track_id = self._next
                self._next += 1

    def _exchange(self, found: Collection[Track]) -> None:
        """Exchange the ids of two tracks whose people wear each other's clothes."""
        for first, second in combinations(found, 2):
            if first.wears_clothes_of(second) and second.wears_clothes_of(first):
                self.exchanges.append((first.track_id, second.track_id))
                first.track_id, second.track_id = second.track_id, first.track_id
                first.clothes, second.clothes = second.clothes, first.clothes

    def _return(self, track: Track, before: Track, probability: float) -> None:
        """Continue with the id of an earlier track of the same person."""
        away_s = before.unseen_s(track.first_ns)
        if track.has_id:
            self.exchanges.append((track.track_id, before.track_id))
        self.returns.append(Return(before.track_id, probability, away_s))
        track.track_id, track.clothes = before.track_id, before.clothes
        for tracks in (self._ended, self._tracks):
            if before in tracks:
                tracks.remove(before)
