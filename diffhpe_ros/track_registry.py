"""Active tracks, their states, and how long each stage keeps an unseen track.

All times are from image stamps, so a replay drops the same tracks as the live run.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Generic, TypeAlias, TypeVar

T = TypeVar("T")

TrackKey: TypeAlias = tuple[str, int]
"""Name of the camera (by default its frame_id) and track id. A camera's stamps are of one clock."""

# The limits that an unseen track passes one after the other.
WINDOW_S = 0.5
"""Detection stage (`restart_s`): its window is dropped; a longer gap would fill most of it."""
OUTPUT_S = 0.5
"""Lifting stage and markers (`marker_lifetime_s`): it is no longer shown, and its smoothing starts
over: a person who comes back must not be pulled to the previous place."""
TRACK_S = 1.0
"""Tracker (`forget_s`): its id is given up, and its place is free, perhaps for another person."""
RETURN_S = 60.0
"""Tracker (`return_s`): until then a person recognized by their clothes gets the same id again."""
ROOT_S = 1.0
"""Root localizer: body scale and distance filter start over. A predicted distance is useless after
this time, whatever the tracker's `forget_s`."""
STREAM_S = 60.0
"""Lifter stream: last poses and bone lengths are dropped. They are useful as long as the id lives,
whatever the tracker's `forget_s`; a minute bounds memory."""

MAX_CAMERAS = 64
"""Bounds memory for any sender; beyond, the camera that was silent longest is removed."""
SILENT_S = 2.0
"""The people of a camera that gives nothing for so long are no longer shown."""
MAX_PEOPLE = 64
"""Most tracks of a camera; beyond, those unseen longest are removed."""


class TrackRegistry:
    """The active tracks of each camera: seen in its newest image, or unseen for a short time.

    Args:
        timeout_s: a track unseen for longer than this is removed.
    """

    def __init__(self, timeout_s: float) -> None:
        self._cameras: dict[str, dict[int, int]] = {}  # stamps; newest camera is last
        self.set_timeout(timeout_s)

    def set_timeout(self, timeout_s: float) -> None:
        """Change the time-out, from the next update on."""
        self._timeout_ns = round(timeout_s * 1e9)

    def update(self, camera: str, track_ids: Collection[int], stamp_ns: int) -> set[TrackKey]:
        """Register the tracks seen in a camera's newest image.

        Args:
            camera: name of the camera.
            track_ids: tracks that are seen; all others of this camera are unseen.
            stamp_ns: stamp of the image; if it goes back, tracks last seen after it are removed.

        Returns:
            Camera and track id of all removed tracks. They include tracks seen again after their
            time-out, which start over.
        """
        known = self._cameras.pop(camera, {})
        recent = [
            track_id
            for track_id, seen_ns in known.items()
            if 0 <= stamp_ns - seen_ns <= self._timeout_ns
        ]
        unseen = [track_id for track_id in recent if track_id not in track_ids]
        unseen = unseen[max(0, len(unseen) + len(track_ids) - MAX_PEOPLE) :]
        self._cameras[camera] = {track_id: known[track_id] for track_id in unseen}
        self._cameras[camera] |= dict.fromkeys(track_ids, stamp_ns)
        kept = {*unseen, *track_ids} & {*recent}
        removed = {(camera, track_id) for track_id in known if track_id not in kept}
        while len(self._cameras) > MAX_CAMERAS:
            removed |= self.remove_camera(next(iter(self._cameras)))
        return removed

    def remove_camera(self, camera: str) -> set[TrackKey]:
        """Remove all tracks of a camera at once.

        Returns:
            See `update`.
        """
        return {(camera, track_id) for track_id in self._cameras.pop(camera, {})}

    def active(self) -> list[tuple[str, int, list[int]]]:
        """Camera, its last stamp and its active tracks, for each camera that has any."""
        return [
            (camera, max(known.values()), list(known))
            for camera, known in self._cameras.items()
            if known
        ]


class TrackStates(Generic[T]):
    """A state for each active track, such as a filter; dropped with the track.

    Args:
        make: makes the state of a new track.
        timeout_s: see `TrackRegistry`.
    """

    def __init__(self, make: Callable[[], T], timeout_s: float) -> None:
        self._make = make
        self._registry = TrackRegistry(timeout_s)
        self._states: dict[TrackKey, T] = {}

    def __len__(self) -> int:
        return len(self._states)

    def update(self, camera: str, track_ids: Sequence[int], stamp_ns: int) -> list[T]:
        """The state of each seen track; arguments as for `TrackRegistry.update`."""
        self._drop(self._registry.update(camera, track_ids, stamp_ns))
        for track_id in track_ids:
            if (camera, track_id) not in self._states:
                self._states[camera, track_id] = self._make()
        return [self._states[camera, track_id] for track_id in track_ids]

    def remove_camera(self, camera: str) -> None:
        """Drop the states of all tracks of a camera."""
        self._drop(self._registry.remove_camera(camera))

    def _drop(self, removed: set[TrackKey]) -> None:
        for key in removed:
            del self._states[key]
