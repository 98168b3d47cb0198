"""Who is there, and something for each person for as long as they are; by stamps alone."""

from collections.abc import Callable, Collection, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")

MAX_CAMERAS = 64
"""Whoever sends the messages: beyond, the camera silent for longest is forgotten."""
MAX_PEOPLE = 64
"""Of one camera that are remembered; beyond, those absent for longest are forgotten."""


class TrackRegistry:
    """Remembers when each person of each camera was last there.

    Args:
        absent_s: people absent for longer than this have left.
    """

    def __init__(self, absent_s: float) -> None:
        self._cameras: dict[str, dict[int, int]] = {}  # who was last there stands last
        self.allow(absent_s)

    def allow(self, absent_s: float) -> None:
        """From now on, people absent for longer than this have left."""
        self._absent_ns = round(absent_s * 1e9)

    def update(
        self, camera: str, track_ids: Collection[int], stamp_ns: int
    ) -> set[tuple[str, int]]:
        """Hear who is there.

        Args:
            camera: that sees them.
            track_ids: their numbers; the others of this camera are absent.
            stamp_ns: the time; where the clock has jumped back, everybody has left.

        Returns:
            Cameras and numbers of those who have left. Some may be there again, as strangers.
        """
        known = self._cameras.pop(camera, {})
        recent = [
            person
            for person, seen_ns in known.items()
            if 0 <= stamp_ns - seen_ns <= self._absent_ns
        ]
        absent = [person for person in recent if person not in track_ids]
        absent = absent[max(0, len(absent) + len(track_ids) - MAX_PEOPLE) :]
        self._cameras[camera] = {person: known[person] for person in absent}
        self._cameras[camera] |= dict.fromkeys(track_ids, stamp_ns)
        stayed = {*absent, *track_ids} & {*recent}
        left = {(camera, person) for person in known if person not in stayed}
        while len(self._cameras) > MAX_CAMERAS:
            left |= self.remove_camera(next(iter(self._cameras)))
        return left

    def remove_camera(self, camera: str) -> set[tuple[str, int]]:
        """Hear that everybody has left a camera's view, however short ago they were there.

        Returns:
            See `update`.
        """
        return {(camera, person) for person in self._cameras.pop(camera, {})}

    def active(self) -> list[tuple[str, int, list[int]]]:
        """Of each camera: its last stamp, and who is there or absent for a moment."""
        return [
            (camera, max(known.values()), list(known))
            for camera, known in self._cameras.items()
            if known
        ]


class TrackStates(Generic[T]):
    """Makes something for whoever comes, such as a filter, and drops it when they have left.

    Args:
        make: makes a new one.
        absent_s: see `TrackRegistry`.
    """

    def __init__(self, make: Callable[[], T], absent_s: float) -> None:
        self._make = make
        self._presence = TrackRegistry(absent_s)
        self._theirs: dict[tuple[str, int], T] = {}

    def __len__(self) -> int:
        return len(self._theirs)

    def update(self, camera: str, track_ids: Sequence[int], stamp_ns: int) -> list[T]:
        """The state of each track that is there; arguments as of `TrackRegistry.update`."""
        self._drop(self._presence.update(camera, track_ids, stamp_ns))
        for person in track_ids:
            if (camera, person) not in self._theirs:
                self._theirs[camera, person] = self._make()
        return [self._theirs[camera, person] for person in track_ids]

    def remove_camera(self, camera: str) -> None:
        """Hear that everybody has left a camera's view."""
        self._drop(self._presence.remove_camera(camera))

    def _drop(self, left: set[tuple[str, int]]) -> None:
        for key in left:
            del self._theirs[key]
