"""CSV: one line per person and frame, for spreadsheets and pandas."""

from pathlib import Path

import numpy as np

from diffhpe_ros.formats.pose_recording import PoseRecording, joints_of
from diffhpe_ros.io import replacing
from diffhpe_ros.skeleton import JOINTS

COLUMNS = [
    "frame",
    "time_s",
    "track_id",
    *(f"{joint}_{axis}" for joint in JOINTS for axis in "xyz"),
    *(f"{joint}_confidence" for joint in JOINTS),
]
"""x, y, z are metres in the camera's optical frame; empty where unknown."""


def write(path: Path, recording: PoseRecording) -> None:
    """Write all people, frame by frame.

    Raises:
        DiffhpeError: the file cannot be written.
    """
    with replacing(path) as file:
        file.write((",".join(COLUMNS) + "\n").encode())
        for time_s, frame, people in recording.by_frame():
            for track_id, row in people:
                numbers = np.concatenate([joints_of(row).ravel(), row["confidence"]])
                cells = ("" if np.isnan(number) else f"{number:.5f}" for number in numbers)
                file.write(f"{frame},{time_s:.6f},{track_id},{','.join(cells)}\n".encode())
