"""A recording as a level camera in the same position would have seen it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.formats import PoseRecording
from diffhpe_ros.formats.pose_recording import LEVEL_FRAME, joints_of
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


def levelled(recording: PoseRecording, gravity: Gravity, folder: Path) -> PoseRecording:
    """The recording in the optical frame of a level camera.

    Args:
        recording: of a camera that does not move.
        gravity: in its optical frame.
        folder: for files of rotated poses, since recordings of hours may not fit in memory.
    """
    turn = levelling(gravity.up).astype(np.float32)

    def turned(rows: NDArray[Any]) -> NDArray[Any]:
        changed = rows.copy()
        changed["root"], changed["pose"] = rows["root"] @ turn.T, rows["pose"] @ turn.T
        return changed

    tracks = [
        track.changed(turned, folder / f"level-{track.track_id}.rows") for track in recording.tracks
    ]
    return replace(recording, tracks=tracks, frame=LEVEL_FRAME)
