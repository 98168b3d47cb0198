"""Sizes of the people in a recording, from the floor under their feet or a known stature."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.formats import PoseTrack
from diffhpe_ros.geometry.floor import Floor
from diffhpe_ros.pipeline.body_sizes import BodySize, FloorCheck
from diffhpe_ros.pipeline.camera_floor import floor_below
from diffhpe_ros.pipeline.gravity import Gravity
from diffhpe_ros.placement import BodyScale
from diffhpe_ros.placement.standing_feet import size_by_feet
from diffhpe_ros.placement.stature import stature

_WINDOW_S = 0.5
_FEWEST_WINDOWS = 5
"""Windows with standing feet, against which a floor is checked."""


def body_sizes(
    tracks: list[PoseTrack],
    gravity: Gravity | None,
    camera_height: float | None,
    person_height: float | None,
    warn: Callable[[str], None],
) -> dict[int, BodyScale]:
    """The size of each person.

    Args:
        tracks: lifted as people of average size.
        gravity: in the camera's optical frame; None if it is not known.
        camera_height: above the floor, metres; None if it is not known.
        person_height: of the only person in the recording, metres; None if it is not known.
        warn: receives messages on inputs that cannot be used or that contradict each other.

    Returns:
        Sizes by track id; empty if nothing determines them.
    """
    if person_height is not None and len(tracks) > 1:
        warn(f"person_height applies to one person, but {len(tracks)} are seen: it is not used")
        person_height = None
    floor = None
    if camera_height is not None and gravity is not None:
        floor = floor_below(gravity, camera_height)
    elif camera_height is not None:
        warn("camera_height is not used: the up direction is unknown, since no person walks")
    if floor is None and person_height is None:
        return {}
    check = FloorCheck(_FEWEST_WINDOWS)
    sizes = {each.track_id: _size_of(each, floor, person_height, check) for each in tracks}
    if check.warning:
        warn(check.warning)
    return sizes


def scaled(tracks: Sequence[PoseTrack], sizes: Sequence[float], folder: Path) -> list[PoseTrack]:
    """The tracks scaled to the people's sizes: larger and farther away by the same factor.

    Args:
        tracks: lifted as people of average size.
        sizes: each person's size relative to the average.
        folder: for files of poses, since recordings of hours may not fit in memory.
    """

    def larger(rows: NDArray[Any], size: float) -> NDArray[Any]:
        changed = rows.copy()
        for name in ("root", "pose"):
            changed[name] = np.float32(size) * rows[name]
        return changed

    return [
        track.changed(partial(larger, size=size), folder / f"sized-{track.track_id}.rows")
        for track, size in zip(tracks, sizes, strict=True)
    ]


def _size_of(
    track: PoseTrack, floor: Floor | None, person_height: float | None, check: FloorCheck
) -> BodyScale:
    """A person's size from a whole recording.

    Args:
        track: lifted as a person of average size.
        floor: below the camera, which must not move; None if it is not known.
        person_height: of this person, metres; None if it is not known.
        check: collects evidence on whether the stated floor height is possible.
    """
    size = BodySize()
    if person_height is not None:
        size.learn_height(person_height, _stature(track))
    if floor is None:
        return size.scale
    for rows in _windows(track):
        measured = size_by_feet(
            rows["pose"].astype(np.float64), rows["root"].astype(np.float64),
            rows["confidence"] > 0, rows["time_s"], floor,
        )  # fmt: skip
        if measured is None:
            continue
        check.add(measured, floor.height)
        size.learn_feet(round(1e9 * float(rows["time_s"][-1])), measured)
    return size.scale


def _stature(track: PoseTrack) -> float:
    """The median stature over some of the poses; at least one frame must be lifted."""
    known: list[NDArray[Any]] = []
    for rows in track.chunks():
        poses = rows["pose"]
        known += list(poses[np.isfinite(poses).all((1, 2))][::50])
    return float(np.median([stature(pose) for pose in known]))


def _windows(track: PoseTrack) -> Iterator[NDArray[Any]]:
    """Pieces of half a second with at least one known position."""
    for rows in track.chunks():
        seconds = (rows["time_s"] - rows["time_s"][0]) // _WINDOW_S
        bounds = [0, *(np.flatnonzero(np.diff(seconds)) + 1).tolist(), len(rows)]
        for begin, end in pairwise(bounds):
            piece = rows[begin:end]
            if len(piece) > 1 and np.isfinite(piece["root"]).all(-1).any():
                yield piece
