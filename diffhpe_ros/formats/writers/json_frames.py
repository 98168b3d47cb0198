"""JSON: frame by frame, for programs in any language."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from diffhpe_ros.formats.pose_recording import PoseRecording, joints_of
from diffhpe_ros.io import replacing
from diffhpe_ros.skeleton import JOINTS, PARENTS


def write(path: Path, recording: PoseRecording) -> None:
    """Write all people, frame by frame.

    Raises:
        DiffhpeError: the file cannot be written.
    """
    head = {
        "format": "diffhpe_ros poses",
        "version": 1,
        "units": "m",
        "axes": f"{recording.frame}: x right, y down, z forward",
        "fps": round(recording.fps, 6),
        "joints": JOINTS,
        "parents": PARENTS,
    }
    with replacing(path) as file:
        lines = (f" {json.dumps(name)}: {json.dumps(value)},\n" for name, value in head.items())
        file.write(f'{{\n{"".join(lines)} "frames": ['.encode())
        separator = b"\n"
        for time_s, frame, people in recording.by_frame():
            persons = [_person(track_id, row) for track_id, row in people]
            values = {"frame": frame, "time_s": round(time_s, 6), "people": persons}
            file.write(separator + b"  " + json.dumps(values, allow_nan=False).encode())
            separator = b",\n"
        file.write(b"\n ]\n}\n")


def _person(track_id: int, row: Any) -> dict[str, Any]:
    """One person; joints with unknown positions are null."""
    joints = joints_of(row)
    known = bool(np.isfinite(joints).all())
    return {
        "track_id": track_id,
        "joints": np.round(joints.astype(float), 5).tolist() if known else None,
        "confidence": np.round(row["confidence"].astype(float), 3).tolist(),
    }
