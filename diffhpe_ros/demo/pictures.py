"""Draws overlay.mp4 and skeleton.png."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from diffhpe_ros.demo.images import stamped_images
from diffhpe_ros.demo.report import part_shown
from diffhpe_ros.demo.results import Results
from diffhpe_ros.demo.source import DemoSource
from diffhpe_ros.demo.upright import up_of
from diffhpe_ros.drawing import SkeletonView, compose_frame
from diffhpe_ros.drawing.figure import save_skeleton_figure
from diffhpe_ros.geometry.upright import levelling
from diffhpe_ros.pipeline.people import PeopleWindows
from diffhpe_ros.video import VideoWriter
from diffhpe_ros.windows import FRAMES, RATE

HEIGHT = 480
"""Height of the overlay; each of its two halves is 4:3."""
SIZE = (HEIGHT * 4 // 3 * 2, HEIGHT)
WINDOW_NS = round(1e9 * FRAMES / RATE)
"""Time before the first lifted window."""


def save_pictures(
    folder: Path,
    source: DemoSource,
    results: Results,
    report: Mapping[str, Any],
    jpegs: Mapping[int, bytes],
) -> None:
    """Draw every image with its 2D joints and 3D skeletons; one of them as a figure.

    Args:
        folder: folder for overlay.mp4 and skeleton.png.
        source: source of the images.
        results: results of the run to show.
        report: the report, for the labels.
        jpegs: a webcam's images by stamp.

    Raises:
        DiffhpeError: a file cannot be written.
    """
    frames = stamped_images(source, results.first_stamp_ns, jpegs)
    best = _best_sight(results)
    up = up_of(source, results)
    view = SkeletonView(SIZE[0] // 2, SIZE[1], up=up)
    total = source.frames or len(jpegs)
    with VideoWriter(folder / "overlay.mp4", *SIZE, source.fps) as video:
        for stamp, image in tqdm(frames, "drawing", total, unit="frame", mininterval=0.5):
            seconds = (stamp - results.first_stamp_ns) / 1e9
            video.write(_overlay(stamp, image, source, results, report, view), seconds)
            if best is not None and stamp == best[0]:
                title = ", ".join(part for part in (source.name, part_shown(report)) if part)
                _save_figure(folder / "skeleton.png", *best, image, source, results, title, up)
    if best is None:
        (folder / "skeleton.png").unlink(missing_ok=True)
        tqdm.write("no person was lifted: skeleton.png is not written")


def _overlay(
    stamp: int,
    image: NDArray[np.uint8],
    source: DemoSource,
    results: Results,
    report: Mapping[str, Any],
    view: SkeletonView,
) -> NDArray[np.uint8]:
    keypoints, confidence = _keypoints(stamp, results)
    windows, joints = results.windows.get(stamp), results.joints.get(stamp)
    latency = report["latency_ms"]["p50"]
    labels = [f"{(stamp - results.first_stamp_ns) / 1e9:5.2f} s   {report['model']}"]
    if part := part_shown(report):
        labels.append(part)
    if latency is not None:
        labels.append(f"live: image to skeleton {latency:.0f} ms (median)")
    if joints is not None:
        distance = np.linalg.norm(joints.positions[:, 0], axis=-1)
        each = zip(joints.track_ids, distance, strict=True)
        labels.append(
            "distance " + ", ".join(f"#{number} {metres:.2f} m" for number, metres in each)
        )
    return compose_frame(
        image,
        keypoints,
        None if joints is None else joints.positions,
        labels,
        SIZE,
        confidence=confidence,
        covariance=None if joints is None else joints.covariance,
        names=() if windows is None else [f"#{number}" for number in windows.track_ids],
        view=view,
        filling=stamp - results.first_stamp_ns < WINDOW_NS,
    )


def _keypoints(
    stamp: int, results: Results
) -> tuple[NDArray[np.float32] | None, NDArray[np.float32] | None]:
    """Pixels (P, 17, 2) and confidence (P, 17) of the windows' newest frames."""
    windows = results.windows.get(stamp)
    if windows is None:
        return None, None
    return results.camera.to_pixels(windows.keypoints[:, -1]), windows.confidence[:, -1]


def _best_sight(results: Results) -> tuple[int, int] | None:
    """Stamp and index of the person who is seen best: large, and with confident joints."""
    sights = [
        (stamp, person)
        for stamp in sorted(results.joints.keys() & results.windows.keys())
        for person in results.joints[stamp].track_ids
        if person in results.windows[stamp].track_ids
    ]
    return max(
        sights, key=lambda sight: _clarity(results.windows[sight[0]], sight[1]), default=None
    )


def _clarity(windows: PeopleWindows, person: int) -> float:
    """Area of a person's joints in the newest image times their mean confidence."""
    row = windows.track_ids.index(person)
    joints, confidence = windows.keypoints[row, -1], windows.confidence[row, -1]
    seen = joints[confidence > 0]
    return float(np.prod(np.ptp(seen, axis=0)) * confidence.mean()) if len(seen) else 0.0


def _save_figure(
    path: Path,
    stamp: int,
    person: int,
    image: NDArray[np.uint8],
    source: DemoSource,
    results: Results,
    title: str,
    up: NDArray[np.float64],
) -> None:
    """Save a figure of one person in one image, turned upright."""
    keypoints, confidence = _keypoints(stamp, results)
    assert keypoints is not None and confidence is not None
    row = results.windows[stamp].track_ids.index(person)
    pose = results.joints[stamp].positions[results.joints[stamp].track_ids.index(person)]
    truth = None
    if source.truth is not None:
        truth = source.truth[results.frame_of(stamp, source.fps)]
        truth = truth - truth[0] + pose[0]
        error = 1000 * np.linalg.norm(pose - truth, axis=-1).mean()
        title += f": {error:.0f} mm mean joint error, roots aligned"
    level = levelling(up).T
    truth = None if truth is None else truth @ level
    save_skeleton_figure(path, image, keypoints[row], pose @ level, truth, title, confidence[row])
