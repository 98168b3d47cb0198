"""VideoPose3D's npz files: Detectron's detections of a video, and 2D positions of data sets.

They hold pickled dictionaries, which are read without running any code (`object_arrays`).
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.formats.keypoint_rows import KeypointRows
from diffhpe_ros.object_arrays import mapping, numbers, read_object_npz

_LAYOUTS = {"coco": "coco17", "h36m": "h36m17"}


def read_detections(path: Path, _sequence: str | None = None) -> KeypointRows:
    """Read what infer_video_d2.py writes for a video: boxes, keypoints and metadata.

    keypoints[frame][1] is (P, 4, 17): x, y, logit and probability of COCO's joints; metadata has w
    and h. The file does not give the rate.

    Raises:
        DiffhpeError: it is no such file, or contains no person.
    """
    content = read_object_npz(path, ("keypoints", "metadata"))
    metadata = mapping(content["metadata"], f"{path}: metadata")
    frames, people = [], []
    for frame, detected in enumerate(content["keypoints"]):
        for person in np.asarray(detected[1]) if len(detected) > 1 else ():
            frames.append(frame)
            people.append(numbers(person, (17,), f"{path}: keypoints of frame {frame}"))
    if not people or any(person.shape != (4, 17) for person in people):
        found = people[0].shape if people else "nobody"
        raise DiffhpeError(f"{path}: people with keypoints (4, 17) are expected, got {found}")
    points = np.stack(people).transpose(0, 2, 1)
    return KeypointRows(
        frames=np.array(frames, np.int64),
        frame_count=len(content["keypoints"]),
        keypoints=points[..., :2],
        confidence=points[..., 3],
        layout="coco17",
        size=_size(metadata),
    )


def read_positions(path: Path, sequence: str | None = None) -> KeypointRows:
    """Read one recording of positions_2d: {subject: {action: [(T, K, 2) of each camera]}}.

    Args:
        path: the file.
        sequence: subject/action/camera, such as "walk.mp4/custom/0".

    Raises:
        DiffhpeError: it is no such file, or it holds several recordings and none is named.
    """
    content = read_object_npz(path, ("positions_2d", "metadata"))
    metadata = mapping(content["metadata"], f"{path}: metadata")
    sequences = dict(_sequences(mapping(content["positions_2d"], f"{path}: positions_2d"), path))
    if sequence is None and len(sequences) == 1:
        sequence = next(iter(sequences))
    if sequence not in sequences:
        names = ", ".join(sequences) if len(sequences) < 9 else f"{', '.join([*sequences][:8])} …"
        raise DiffhpeError(f"{path}: --sequence must name one of its recordings: {names}")
    points = np.asarray(sequences[sequence])
    if points.dtype.kind not in "fiu" or points.ndim != 3 or points.shape[-1] not in (2, 3):
        raise DiffhpeError(
            f"{path}: {sequence}: numbers (T, K, 2) are expected, got {points.shape}"
        )
    videos = metadata.get("video_metadata")
    video = videos.get(sequence.split("/")[0], {}) if isinstance(videos, dict) else {}
    ones = np.ones(points.shape[:2])
    return KeypointRows(
        frames=np.arange(len(points), dtype=np.int64),
        frame_count=len(points),
        keypoints=points[..., :2].astype(np.float32),
        confidence=(points[..., 2] if points.shape[-1] == 3 else ones).astype(np.float32),
        layout=_LAYOUTS.get(str(metadata.get("layout_name"))),
        track_ids=np.zeros(len(points), np.int64),
        size=_size(video),
    )


def _sequences(positions: dict[str, Any], path: Path) -> Iterator[tuple[str, Any]]:
    for subject, actions in positions.items():
        for action, cameras in mapping(actions, f"{path}: {subject}").items():
            for number, points in enumerate(cameras):
                yield f"{subject}/{action}/{number}", points


def _size(metadata: dict[str, Any]) -> tuple[int, int] | None:
    width, height = metadata.get("w"), metadata.get("h")
    return (int(width), int(height)) if width and height else None
