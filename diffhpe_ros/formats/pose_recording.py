"""The 3D poses of a recording, the input of all writers."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.skeleton import NUM_JOINTS

POSE_ROW = np.dtype(
    [
        ("frame", np.int64),
        ("time_s", np.float64),
        ("root", np.float32, (3,)),
        ("pose", np.float32, (NUM_JOINTS, 3)),
        ("confidence", np.float32, (NUM_JOINTS,)),
    ]
)
"""One person in one frame: the frame's number and time; the root's position and the pose relative
to it, in metres in the optical frame (x right, y down, z forward), NaN where unknown; and the
confidence of the 2D joints, 0 where unseen."""

CAMERA_FRAME = "the camera's optical frame"
LEVEL_FRAME = "the optical frame of a level camera in the same position"
CHUNK = 4096
"""Rows that writers read at a time, so that recordings of hours need not fit in memory."""


@dataclass(frozen=True, eq=False)
class PoseTrack:
    """One person, from the first frame in which they are seen to the last."""

    track_id: int
    rows: NDArray[Any]
    """(T,) of `POSE_ROW`, one for every frame; may be a memory-mapped file."""

    def __len__(self) -> int:
        return len(self.rows)

    def chunks(self, size: int = CHUNK) -> Iterator[NDArray[Any]]:
        """The rows, `size` at a time."""
        for start in range(0, len(self.rows), size):
            yield np.asarray(self.rows[start : start + size])

    def changed(self, change: Callable[[NDArray[Any]], NDArray[Any]], file: Path) -> "PoseTrack":
        """The track with changed rows, in a file: recordings of hours may not fit in memory."""
        with file.open("wb") as output:
            for rows in self.chunks():
                output.write(change(rows).tobytes())
        return PoseTrack(self.track_id, np.memmap(file, POSE_ROW, "r"))


@dataclass(frozen=True, eq=False)
class PoseRecording:
    """All people of a recording."""

    tracks: Sequence[PoseTrack]
    fps: float
    """Frames per second; the median if the rate varies."""
    start_ns: int = 0
    """Stamp of time 0; 0 if the recording has only relative times."""
    frame: str = CAMERA_FRAME
    """What the poses are in, for people: `CAMERA_FRAME` or `LEVEL_FRAME`."""

    def __len__(self) -> int:
        """Number of rows of all tracks."""
        return sum(len(track) for track in self.tracks)

    def by_frame(self) -> Iterator[tuple[float, int, list[tuple[int, Any]]]]:
        """Each frame with people: its time, its number, and (track id, row) of each person."""
        starts = sorted(self.tracks, key=lambda track: int(track.rows["frame"][0]))
        active: list[tuple[PoseTrack, int]] = []
        frame = 0
        while starts or active:
            if not active:
                frame = int(starts[0].rows["frame"][0])
            while starts and int(starts[0].rows["frame"][0]) == frame:
                active.append((starts.pop(0), frame))
            people = [(track.track_id, track.rows[frame - first]) for track, first in active]
            people.sort(key=lambda person: person[0])
            yield float(people[0][1]["time_s"]), frame, people
            frame += 1
            active = [(track, first) for track, first in active if frame - first < len(track)]


def joints_of(rows: NDArray[Any]) -> NDArray[np.float32]:
    """The joints (..., 17, 3) of rows (...) in the optical frame; NaN where unknown."""
    joints: NDArray[np.float32] = rows["root"][..., None, :] + rows["pose"]
    return joints
