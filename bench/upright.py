"""Errors, in degrees, of the gravity that is estimated from people, over time.

The embedded clip, played repeatedly, and the four real views, whose world's z is up, go through
BlazePose and the lifter, as live. Motion capture goes through random cameras that look down by up
to 45 degrees, with joints that are 2 px of 640 off. Times are since the first estimate.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from real_views import VIEWS, RecordedView

from diffhpe_ros.camera import CANONICAL_FOCAL, Camera
from diffhpe_ros.detection import create_detector
from diffhpe_ros.lifting import DEFAULT_MODEL, Lifter
from diffhpe_ros.paths import data_folder
from diffhpe_ros.pipeline.gravity import Gravity
from diffhpe_ros.pipeline.lifting_stage import LiftingStage
from diffhpe_ros.pipeline.people import PeopleWindows
from diffhpe_ros.pipeline.people_gravity import PeopleGravity
from diffhpe_ros.pipeline.pose_pipeline import PosePipeline
from diffhpe_ros.rendering.__main__ import clip_view
from diffhpe_ros.rendering.clip import walking_clip
from diffhpe_ros.training.experiments.document import markdown_table
from diffhpe_ros.video import VideoReader
from diffhpe_ros.windows import FRAMES, RATE

Array = NDArray[np.float64]
AFTER_S = (0, 1, 5, 10, 20)
HEADER = ["source", "known after", *(f"{s} s" for s in AFTER_S), "stated", "level camera"]
MOCAP_IMAGES = 5
"""Frames of motion capture from one window to the next."""
MOCAP = ("cmu_h36m17_50hz.npz", "cmu_amc_h36m17_50hz.npz", "cmu_amc2_h36m17_50hz.npz")
PIXELS = 2.0
DETECTOR_NOISE = PIXELS / 640 * CANONICAL_FOCAL


@dataclass
class Errors:
    """Errors of one camera."""

    up: Array
    """(3,) the truth."""
    first_s: float = np.nan
    degrees: dict[int, float] = field(default_factory=dict)
    """Errors by seconds since the first estimate."""
    sigmas: list[float] = field(default_factory=list)
    """Errors divided by the stated uncertainty."""
    stated: float = np.nan

    def add(self, time_s: float, gravity: Gravity | None) -> None:
        """Add the estimate at a time."""
        if gravity is None:
            return
        if np.isnan(self.first_s):
            self.first_s = time_s
        off = float(np.degrees(np.arccos(np.clip(gravity.up @ self.up, -1, 1))))
        for after_s in AFTER_S:
            if time_s >= self.first_s + after_s and after_s not in self.degrees:
                self.degrees[after_s] = off
                self.stated = float(np.degrees(gravity.sd))
                self.sigmas.append(off / self.stated)

    @property
    def level(self) -> float:
        """The error in degrees if the camera were assumed to be level."""
        return float(np.degrees(np.arccos(np.clip(-self.up[1], -1, 1))))


def row(name: str, errors: Errors) -> list[str]:
    """The table row of one camera."""
    of_times = [f"{errors.degrees[s]:.1f}" if s in errors.degrees else "" for s in AFTER_S]
    if not errors.degrees:
        return [name, "not known", *("" for _ in AFTER_S), "", f"{errors.level:.1f}"]
    known = f"{errors.first_s:.1f} s"
    return [name, known, *of_times, f"{errors.stated:.1f}", f"{errors.level:.1f}"]


def watch(
    lifter: Lifter, camera: Camera, up: Array, images: Iterator[tuple[float, NDArray[np.uint8]]]
) -> Errors:
    """Run a video through `PosePipeline`."""
    pipeline = PosePipeline(create_detector("blazepose"), lifter, camera=camera, max_people=1)
    errors = Errors(up)
    for time_s, image in images:
        pipeline(image, round(time_s * 1e9))
        errors.add(time_s, pipeline.gravity)
    return errors


def video(path: Path, times: int = 1) -> Iterator[tuple[float, NDArray[np.uint8]]]:
    """Seconds and images of a video that is played several times."""
    begin = 0.0
    for _ in range(times):
        with VideoReader(path) as reader:
            for _, time_s, image in reader:
                yield begin + time_s, image
        begin += time_s + 1 / reader.fps


def clip_errors(lifter: Lifter, times: int) -> Errors:
    """The embedded clip."""
    clip, view = walking_clip(), clip_view()
    up = view.to_optical(np.array([0.0, 0, 1])) - view.to_optical(np.zeros(3))
    return watch(lifter, clip.camera, up, video(clip.video_path, times))


def view_errors(lifter: Lifter, data: Path, number: int) -> Errors:
    """One real view."""
    view = RecordedView.read(data, number)
    with np.load(data / "multiview" / "pose2sim_single_coco17.npz", allow_pickle=False) as file:
        up = file["R"][number - 1][:, 2].astype(np.float64)
    with VideoReader(view.video) as reader:
        width, height = reader.width, reader.height
    camera = Camera(width, height, view.K, view.distortion, "plumb_bob")
    return watch(lifter, camera, up, video(view.video))


def takes(data: Path, count: int) -> list[Array]:
    """Motion capture (T, 17, 3) of any kind, 10 to 25 s long, world z up."""
    found: list[Array] = []
    for name in MOCAP:
        with np.load(data / "mocap" / name, allow_pickle=False) as file:
            positions, bounds = file["positions"].astype(np.float64), file["offsets"]
        found += [
            positions[begin : min(end, begin + round(25 * RATE))]
            for begin, end in pairwise(bounds)
            if end - begin > 10 * RATE
        ]
    return found[:: max(1, len(found) // count)][:count]


def camera_rotation(yaw: float, down: float, roll: float) -> Array:
    """(3, 3) from a world with z up to a camera that looks along yaw and down, rolled; radians."""
    level = np.array([[np.sin(yaw), -np.cos(yaw), 0], [0, 0, -1], [np.cos(yaw), np.sin(yaw), 0]])
    c, s = np.cos(down), np.sin(down)
    pitched = np.array([[1, 0, 0], [0, c, -s], [0, s, c]]) @ level
    c, s = np.cos(roll), np.sin(roll)
    return np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]) @ pitched


def random_camera(joints: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """The joints (T, 17, 3) in a camera 3 to 8 m from the middle, and up (3,) in it."""
    down, roll = np.radians(rng.uniform(0, 45)), np.radians(rng.normal(0, 5))
    yaw, away = rng.uniform(0, 2 * np.pi), rng.uniform(3, 8)
    rotation = camera_rotation(yaw, down, roll)
    hips = joints[:, 0]
    seen = (joints - (hips.max(0) + hips.min(0)) / 2) @ rotation.T
    away += max(0.0, 1.5 - float(seen[..., 2].min()) - away)
    return seen + np.array([0, 0, away]), rotation[:, 2]


def windows_at(canonical: Array, camera: str, first: int) -> PeopleWindows:
    """The window of one person that starts at a frame."""
    keypoints = canonical[None, first : first + FRAMES].astype(np.float32)
    unknown = np.full((*keypoints.shape, 2), np.nan, np.float32)
    offsets = np.rint(np.arange(1 - FRAMES, 1) * (1e9 / RATE)).astype(np.int64)[None]
    stamp_ns = round((first + FRAMES - 1) / RATE * 1e9)
    certain = np.ones(keypoints.shape[:3], np.float32)
    return PeopleWindows(camera, stamp_ns, (0,), offsets, keypoints, certain, unknown)


def mocap_errors(lifter: Lifter, motions: list[Array], seed: int) -> list[Errors]:
    """Errors of each take through a random camera, lifted in batches."""
    rng, stage = np.random.default_rng(seed), LiftingStage(lifter)
    seen = [random_camera(joints, rng) for joints in motions]
    rays = [CANONICAL_FOCAL * joints[..., :2] / joints[..., 2:] for joints, _ in seen]
    rays = [each + rng.normal(0, DETECTOR_NOISE, each.shape) for each in rays]
    found = [(Errors(up), PeopleGravity()) for _, up in seen]
    for first in range(0, max(map(len, rays)) - FRAMES, MOCAP_IMAGES):
        rows = [k for k, each in enumerate(rays) if first + FRAMES <= len(each)]
        lifted = stage.process([windows_at(rays[k], f"camera {k}", first) for k in rows])
        for k, people in zip(rows, lifted, strict=True):
            errors, gravity = found[k]
            gravity.update(people.track_ids, people.joints, people.stamp_ns)
            errors.add((first + FRAMES) / RATE, gravity.gravity)
    return [errors for errors, _ in found]


def mocap_row(name: str, found: list[Errors]) -> list[str]:
    """Medians, and 95th percentiles in brackets."""
    known = [each for each in found if not np.isnan(each.first_s)]

    def both(values: list[float]) -> str:
        return f"{np.median(values):.1f} ({np.percentile(values, 95):.1f})" if values else ""

    of_times = [both([e.degrees[s] for e in known if s in e.degrees]) for s in AFTER_S]
    first, level = both([e.first_s for e in known]), both([e.level for e in known])
    name = f"{name}, {len(known)} of {len(found)} takes"
    return [name, f"{first} s", *of_times, both([e.stated for e in known]), level]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=data_folder())
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--mocap", type=int, default=48, help="takes")
    parser.add_argument("--loops", type=int, default=4, help="of the clip")
    arguments = parser.parse_args()
    lifter = Lifter.from_pretrained(arguments.model, decode="rigid")
    rows = []
    found = mocap_errors(lifter, takes(arguments.data, arguments.mocap), seed=0)
    rows.append(mocap_row("motion capture", found))
    sigmas = np.array([sigma for each in found for sigma in each.sigmas])
    rms = np.sqrt((sigmas**2).mean())
    print(f"motion capture: errors are {rms:.2f} times what is stated (rms)")
    rows += [row(f"view {number}", view_errors(lifter, arguments.data, number)) for number in VIEWS]
    rows.append(row("clip", clip_errors(lifter, arguments.loops)))
    print(markdown_table(HEADER, rows))


if __name__ == "__main__":
    main()
