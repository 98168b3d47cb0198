"""A recording as a level camera in the same position would have seen it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from diffhpe_ros.formats import POSE_ROW, PoseRecording, PoseTrack
from diffhpe_ros.formats.pose_recording import joints_of
from diffhpe_ros.geometry.upright import levelling
from diffhpe_ros.pipeline.gravity import Gravity
from diffhpe_ros.pipeline.people_gravity import PeopleGravity


def gravity_of(recording: PoseRecording) -> Gravity | None:
    """Gravity from the people that a fixed camera sees; None if nobody walks."""
    found = PeopleGravity()
    for time_s, _, people in recording.by_frame():
        joints = np.stack([joints_of(row) for _, row in people])
        found.update([track_id for track_id, _ in people], joints, round(time_s * 1e9))
    return found.gravity


def levelled(tracks: Sequence[PoseTrack], gravity: Gravity, folder: Path) -> list[PoseTrack]:
    """The tracks in the optical frame of a level camera.

    Args:
        tracks: seen by a camera that does not move.
        gravity: in its optical frame.
        folder: for files of rotated poses, since recordings of hours may not fit in memory.
    """
    turn = levelling(gravity.up).astype(np.float32)
    found = []
    for track in tracks:
        file = folder / f"level-{track.track_id}.rows"
        with file.open("wb") as output:
            for rows in track.chunks():
                turned = rows.copy()
                turned["root"], turned["pose"] = rows["root"] @ turn.T, rows["pose"] @ turn.T
                output.write(turned.tobytes())
        found.append(PoseTrack(track.track_id, np.memmap(file, POSE_ROW, "r")))
    return found
