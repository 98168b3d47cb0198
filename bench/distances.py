"""Errors of people's distances: the embedded clip, four real views of a man, two people outdoors.

Every image goes through BlazePose, windows and the lifter, as live. The clip is measured again with
the depth that a camera in its place would see, rendered at every sixth image. The man's true joints
are triangulated from the four views (a few cm off). For the two people, only plausibility is known.
"""

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from real_views import VIEWS, RecordedView

from diffhpe_ros.camera import Camera
from diffhpe_ros.detection import create_detector
from diffhpe_ros.geometry import localize_root
from diffhpe_ros.lifting import DEFAULT_MODEL, Lifter, LiftResult
from diffhpe_ros.nodes.parameters.tables import DetectorParameters
from diffhpe_ros.paths import data_folder
from diffhpe_ros.pipeline.detection_stage import DepthAt, DetectionStage
from diffhpe_ros.pipeline.people import PeopleWindows
from diffhpe_ros.pipeline.root_localizer import LocalizedWindows, RootLocalizer
from diffhpe_ros.rendering.__main__ import FPS, WALK, clip_view
from diffhpe_ros.rendering.clip import walking_clip
from diffhpe_ros.rendering.render import Renderer
from diffhpe_ros.tracking import PeopleTracker
from diffhpe_ros.training.experiments.document import markdown_table
from diffhpe_ros.video import VideoReader

Array = NDArray[np.float64]
Seen = list[tuple[int, PeopleWindows, LiftResult]]
"""For each image with people: its number, their windows, and their poses."""
HEADER = ["source", "placed by", "median", "95 %", "worst", "across, mm", "within 1 sigma", "2"]
DEPTH_EVERY = 6


def watch(
    lifter: Lifter,
    video: Path,
    camera_of: Callable[[int, int], Camera],
    depth_at: DepthAt | None = None,
) -> Seen:
    """Results for all images of a video."""
    parameters = DetectorParameters()
    tracker = PeopleTracker(parameters.max_people, parameters.forget_s)
    detection = DetectionStage(create_detector("blazepose"), tracker, depth_at=depth_at)
    stream, seen, camera = lifter.stream(), [], None
    with VideoReader(video) as reader:
        for index, time_s, image in reader:
            camera = camera or camera_of(image.shape[1], image.shape[0])
            windows = detection.process(image, camera, "camera", round(time_s * 1e9)).windows
            if windows is None or not len(windows):
                continue
            lifted = stream.lift(
                np.nan_to_num(windows.keypoints),
                [(windows.frame_id, track_id) for track_id in windows.track_ids],
                [windows.stamp_ns] * len(windows), windows.confidence, windows.covariance,
            )  # fmt: skip
            seen.append((index, windows, lifted))
    return seen


def alone(seen: Seen) -> list[Array]:
    """Roots (P, 3) from only the newest frame of each window."""
    return [
        localize_root(lifted.poses[:, -1:], windows.keypoints[:, -1:], windows.confidence[:, -1:])[
            :, 0
        ]
        for _, windows, lifted in seen
    ]


def followed(seen: Seen) -> list[LocalizedWindows]:
    """Localization over time, as live."""
    localizer = RootLocalizer()
    return [localizer.localize(windows, lifted) for _, windows, lifted in seen]


def figures(found: Array, covariance: Array | None, truth: Array) -> list[str]:
    """Errors of roots (T, 3) along the ray, as shares of the true distance, and across it."""
    placed = np.isfinite(found).all(-1)
    off, distance = found[placed] - truth[placed], np.linalg.norm(truth[placed], axis=-1)
    rays = truth[placed] / distance[:, None]
    along = (off * rays).sum(-1)
    across = np.linalg.norm(off - along[:, None] * rays, axis=-1)
    share = np.abs(along) / distance
    values = [f"{100 * value:.1f} %" for value in (*np.percentile(share, [50, 95]), share.max())]
    within = ["", ""]
    if covariance is not None:
        deviation = np.sqrt(np.einsum("ti,tij,tj->t", rays, covariance[placed], rays))
        within = [f"{100 * (np.abs(along) < k * deviation).mean():.0f} %" for k in (1, 2)]
    return [*values, f"{1000 * np.median(across):.0f}", *within]


def live_figures(seen: Seen, truth: Array) -> list[str]:
    """Figures of the first person, as live."""
    placed = followed(seen)
    root = np.array([each.root[0, -1] for each in placed], np.float64)
    covariance = np.array([each.root_covariance[0, -1] for each in placed], np.float64)
    return figures(root, covariance, truth[[index for index, _, _ in seen]])


def compare(title: str, seen: Seen, truth: Array) -> list[list[str]]:
    """The first person's errors, from single frames and as live."""
    single = np.array([root[0] for root in alone(seen)], np.float64)
    numbers = [index for index, _, _ in seen]
    return [
        [title, "single frames", *figures(single, None, truth[numbers])],
        [title, "windows, followed", *live_figures(seen, truth)],
    ]


def clip_rows(lifter: Lifter) -> list[list[str]]:
    """The embedded clip, without and with depth."""
    clip, renderer = walking_clip(), Renderer(clip_view(), samples=1)
    truth = clip.joints[:, 0].astype(np.float64)

    def depth_at(stamp_ns: int, width: int, height: int) -> NDArray[np.float32] | None:
        index = round(stamp_ns * FPS / 1e9)
        return renderer.depth([WALK.pose(index / FPS)]) if index % DEPTH_EVERY == 0 else None

    seen = watch(lifter, clip.video_path, lambda *_: clip.camera, depth_at)
    by_picture = [(index, replace(windows, depth=None), lifted) for index, windows, lifted in seen]
    return [*compare("clip", by_picture, truth), ["clip", "and depth", *live_figures(seen, truth)]]


def view_rows(lifter: Lifter, data: Path, number: int) -> list[list[str]]:
    """One real view."""
    view = RecordedView.read(data, number)

    def camera(width: int, height: int) -> Camera:
        return Camera(width, height, view.K, view.distortion, "plumb_bob")

    truth = view.truths[0][:, 0].astype(np.float64)
    return compare(f"view {number}", watch(lifter, view.video, camera), truth)


def two_people(seen: Seen) -> list[str]:
    """Distances of people whose true distance is not known."""
    distances: dict[int, list[tuple[float, float]]] = {}
    for placed, single in zip(followed(seen), alone(seen), strict=True):
        for person, live, by_frame in zip(
            placed.windows.track_ids, placed.root[:, -1, 2], single[:, 2], strict=True
        ):
            distances.setdefault(person, []).append((by_frame, live))
    lines = []
    for person, each in distances.items():
        low, middle, high = np.nanpercentile(each, [0, 50, 100], axis=0)
        ways = (f"{name} {low[k]:.1f} to {high[k]:.1f} m, median {middle[k]:.1f} m"
                for k, name in enumerate(("single frames", "followed")))  # fmt: skip
        lines.append(f"person {person}, {len(each)} windows: {'; '.join(ways)}")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=data_folder())
    parser.add_argument("--model", default=DEFAULT_MODEL)
    arguments = parser.parse_args()
    lifter = Lifter.from_pretrained(arguments.model, preset="fast")
    rows = clip_rows(lifter)
    for number in VIEWS:
        rows += view_rows(lifter, arguments.data, number)
    print(markdown_table(HEADER, rows))
    outdoors = arguments.data / "video" / "sports2d_demo.mp4"
    print("\n".join(two_people(watch(lifter, outdoors, Camera.from_field_of_view))))


if __name__ == "__main__":
    main()
