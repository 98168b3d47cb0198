"""Keypoint files as other programs write them, of people with known keypoints."""

import csv
import json
from pathlib import Path

import numpy as np

from diffhpe_ros.formats.readers.mediapipe import NAMES
from diffhpe_ros.rendering.clip import walking_clip
from diffhpe_ros.skeleton import LAYOUTS, NUM_JOINTS

FPS, SIZE = 30.0, (640, 480)


def in_layout(keypoints: np.ndarray, layout: str) -> np.ndarray:
    """A detector's joints (..., K, 2) at the positions of the 17 joints (..., 17, 2)."""
    weights = LAYOUTS[layout]
    points = np.full((*keypoints.shape[:-2], weights.shape[1], 2), np.nan)
    # Joints with a single source come last, so they win.
    for joint in sorted(range(NUM_JOINTS), key=lambda joint: -(weights[joint] > 0).sum()):
        points[..., weights[joint] > 0, :] = keypoints[..., [joint], :]
    return points


def walker(layout: str, frames: int = 60) -> np.ndarray:
    """(T, K, 3) x, y, confidence of the walking person; unused joints are 0."""
    clip = walking_clip()
    points = in_layout(clip.camera.project(clip.joints[:frames].astype(float)), layout)
    score = np.isfinite(points).all(-1, keepdims=True) * 0.9
    return np.concatenate([np.nan_to_num(points), score], -1).round(3)


def mirrored(people: np.ndarray) -> np.ndarray:
    """Another person, on the other side of the image."""
    other = people.copy()
    other[..., 0] = np.where(people[..., 2] > 0, SIZE[0] - 1 - people[..., 0], 0)
    return other


def write_openpose(folder: Path, people: list[np.ndarray], ids: list[int] | None = None) -> Path:
    folder.mkdir()
    for frame in range(len(people[0])):
        persons = [
            {
                "person_id": [-1 if ids is None else ids[number]],
                "pose_keypoints_2d": person[frame].ravel().tolist(),
                "hand_left_keypoints_2d": [],
            }
            for number, person in enumerate(people)
        ]
        # In an order that changes: OpenPose's does, too.
        persons = persons[:: -1 if frame % 2 else 1]
        content = {"version": 1.3, "people": persons}
        (folder / f"walk_{frame:012d}_keypoints.json").write_text(json.dumps(content))
    return folder


def write_alphapose(path: Path, people: list[np.ndarray], names: str = "{}.jpg") -> Path:
    """Also writes COCO results, if `names` is "{}" and image ids are numbers."""
    results = [
        {
            "image_id": int(frame) if names == "{}" else names.format(frame),
            "category_id": 1,
            "keypoints": person[frame].ravel().tolist(),
            "score": 2.5,
            "idx": 10 + number,
        }
        for frame in range(len(people[0]))
        for number, person in enumerate(people)
    ]
    path.write_text(json.dumps(results))
    return path


def write_coco_dataset(path: Path, person: np.ndarray) -> Path:
    """A data set, whose image ids are not in order, and whose third numbers are flags."""
    flags = person.copy()
    flags[..., 2] = np.where(person[..., 2] > 0, 2, 0)
    images = [
        {"id": 1000 - 7 * frame, "file_name": f"{frame:06d}.png", "width": 640, "height": 480}
        for frame in range(len(person))
    ]
    annotations = [
        {"image_id": image["id"], "keypoints": points.ravel().tolist(), "num_keypoints": 17}
        for image, points in zip(images, flags, strict=True)
    ]
    path.write_text(json.dumps({"images": images, "annotations": annotations, "categories": []}))
    return path


def write_sports2d(path: Path, person: np.ndarray, names: list[str], scale: float = 1.0) -> Path:
    """Sports2D's header, with its line of axes that is not followed by an empty one."""
    count = len(person)
    head = [
        f"PathFileType\t4\t(X/Y/Z)\t{path.name}",
        "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame"
        "\tOrigNumFrames",
        f"{FPS}\t{FPS}\t{count}\t{len(names)}\tm\t{FPS}\t0\t{count}",
        "Frame#\tTime\t" + "\t\t\t".join(names) + "\t\t",
        "\t\t" + "\t".join(f"X{n}\tY{n}\tZ{n}" for n in range(1, len(names) + 1)),
    ]
    lines = []
    for frame, points in enumerate(person):
        cells = [
            cell
            for x, y, score in points
            for cell in ((f"{scale * x:g}", f"{scale * y:g}", "0") if score else ("", "", ""))
        ]
        lines.append("\t".join([str(frame), f"{frame / FPS:.6f}", *cells]))
    path.write_text("\n".join([*head, *lines]) + "\n")
    return path


def write_mediapipe(path: Path, person: np.ndarray, kind: str) -> Path:
    """Normalised landmarks: `long`, with a time; `numbered` from 0; or `named`."""
    shares = person.copy()
    shares[..., :2] /= SIZE
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        if kind == "long":
            table.writerow(["frame", "timestamp_ms", "landmark", "x", "y", "z", "visibility"])
            for frame, points in enumerate(shares):
                for name, (x, y, score) in zip(NAMES, points, strict=True):
                    table.writerow([frame, 1000 * frame / FPS, name.upper(), x, y, 0, score])
            return path
        columns = [
            f"{axis}{n}" if kind == "numbered" else f"{name}_{axis}"
            for n, name in enumerate(NAMES)
            for axis in ("x", "y", "z", "v" if kind == "numbered" else "visibility")
        ]
        table.writerow(columns)
        for points in shares:
            table.writerow([cell for x, y, score in points for cell in (x, y, 0, score)])
    return path


def write_detections(path: Path, people: list[np.ndarray]) -> Path:
    """VideoPose3D's infer_video_d2.py: object arrays of lists, None of them in order of people."""
    count = len(people[0])
    boxes, keypoints = np.empty((count, 2), object), np.empty((count, 2), object)
    for frame in range(count):
        points = np.stack([person[frame] for person in people])
        found = np.stack([points[..., 0], points[..., 1], 0 * points[..., 2], points[..., 2]], 1)
        boxes[frame, 0] = keypoints[frame, 0] = []
        boxes[frame, 1] = np.ones((len(people), 5), np.float32)
        keypoints[frame, 1] = found.astype(np.float32)
    metadata = {"w": SIZE[0], "h": SIZE[1]}
    np.savez(path, boxes=boxes, keypoints=keypoints, segments=[None] * count, metadata=metadata)
    return path


def write_positions(path: Path, videos: dict[str, np.ndarray]) -> Path:
    """VideoPose3D's prepare_data_2d_custom.py."""
    metadata = {
        "layout_name": "coco",
        "num_joints": 17,
        "video_metadata": {name: {"w": SIZE[0], "h": SIZE[1]} for name in videos},
    }
    positions = {name: {"custom": [person[..., :2]]} for name, person in videos.items()}
    np.savez(path, positions_2d=positions, metadata=metadata)
    return path
