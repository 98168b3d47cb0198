"""Errors of people on a known floor: distance, its stated uncertainty, and their feet.

The input is motion capture of bodies from 1.0 to 2.0 m tall through random cameras, with joints
that are 2 px of 640 off. It is also the four real views, whose world has z up and the floor at the
man's feet. Floor and gravity are off by as much as is stated. A body of 1.0 m is a scaled-down
adult.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from distances import watch
from numpy.typing import NDArray
from real_views import VIEWS, RecordedView
from upright import DETECTOR_NOISE, MOCAP, camera_rotation, windows_at

from diffhpe_ros.camera import CANONICAL_FOCAL, Camera
from diffhpe_ros.geometry.floor import Floor
from diffhpe_ros.lifting import DEFAULT_MODEL, Lifter, LiftResult
from diffhpe_ros.paths import data_folder
from diffhpe_ros.pipeline.people import PeopleWindows
from diffhpe_ros.pipeline.root_localizer import RootLocalizer
from diffhpe_ros.placement.standing_feet import ANKLE_M
from diffhpe_ros.placement.stature import stature
from diffhpe_ros.training.experiments.document import markdown_table
from diffhpe_ros.windows import FRAMES, RATE

Array = NDArray[np.float64]
FEET = [3, 6]
TALL_M = (1.0, 2.0)
"""Statures of the bodies."""
BOUNDS_M = (1.0, 1.4, 1.6, 1.8, 2.0)
"""Limits of the groups in the table."""
USUAL_M = 1.7
SECONDS = 10.0
IMAGES = 5
"""Frames of motion capture from one window to the next."""
UP_SD, HEIGHT_SD = np.radians(0.5), 0.02
"""Stated uncertainties of the given floor, which are also its true errors."""
HEADER = [
    "people", "placed by", "distance: median", "95 %", "Hip within 1 sigma, %", "2",
    "standing feet, mm: mean", "5 to 95 %",
]  # fmt: skip


@dataclass(frozen=True)
class Walk:
    """One person in front of one camera, lifted."""

    tall_m: float
    joints: Array
    """(T, 17, 3) metres in the camera's optical frame."""
    floor: Floor
    seen: Sequence[tuple[int, PeopleWindows, LiftResult]]
    """Newest frame of each window, the window, and its pose."""

    def given(self, rng: np.random.Generator) -> Floor:
        """The floor with an error drawn from its stated uncertainty."""
        up = self.floor.up + rng.normal(0, UP_SD / np.sqrt(2), 3)
        height = self.floor.height + rng.normal(0, HEIGHT_SD)
        return Floor(up / np.linalg.norm(up), height, float(UP_SD), HEIGHT_SD, "bench")


@dataclass
class Errors:
    """Errors of some windows."""

    share: list[float]
    sigmas: list[float]
    feet: list[float]

    @classmethod
    def joined(cls, parts: Sequence["Errors"]) -> "Errors":
        """All parts joined."""
        names = ("share", "sigmas", "feet")
        return cls(*([value for part in parts for value in getattr(part, name)] for name in names))

    def row(self) -> list[str]:
        """The cells of a table."""
        median, worst = np.percentile(self.share, [50, 95])
        within = [f"{100 * (np.array(self.sigmas) < k).mean():.0f}" for k in (1, 2)]
        feet = 1000 * np.array(self.feet) if self.feet else np.full(1, np.nan)
        low, high = np.percentile(feet, [5, 95])
        return [
            f"{100 * median:.1f} %", f"{100 * worst:.1f} %", *within,
            f"{feet.mean():.0f}", f"{low:.0f} to {high:.0f}",
        ]  # fmt: skip


def standing(joints: Array, up: Array) -> NDArray[np.bool_]:
    """(T, 2) standing feet of (T, 17, 3): slower than 0.1 m/s, and lowest."""
    feet = joints[:, FEET]
    speed = np.linalg.norm(np.gradient(feet, 1 / RATE, axis=0), axis=-1)
    height = feet @ up
    return np.asarray((speed < 0.1) & (height < height.min(1, keepdims=True) + 0.03))


def floor_z(joints: Array) -> float | None:
    """Height of a take's floor, world z up; None if it is not clear."""
    up = np.array([0.0, 0, 1])
    stands = standing(joints, up)
    if stands.sum() < RATE:
        return None
    ankles = joints[:, FEET][stands][:, 2]
    low, high = np.percentile(ankles, [10, 60])
    return (
        float(np.median(ankles) - ANKLE_M * stature(joints[0]) / USUAL_M)
        if high - low < 0.03
        else None
    )


def takes(data: Path, count: int) -> list[Array]:
    """Motion capture (T, 17, 3) with feet on a floor at z = 0."""
    found: list[Array] = []
    for name in MOCAP:
        with np.load(data / "mocap" / name, allow_pickle=False) as file:
            positions, bounds = file["positions"].astype(np.float64), file["offsets"]
        for begin, end in pairwise(bounds):
            take = positions[begin : min(end, begin + round(SECONDS * RATE))]
            if len(take) > 3 * RATE and (z := floor_z(take)) is not None:
                found.append(take - np.array([0, 0, z]))
    return found[:: max(1, len(found) // count)][:count]


def before_camera(joints: Array, rng: np.random.Generator) -> tuple[Array, Floor]:
    """The joints and the floor in a camera 0.5 to 2.5 m high, 2 to 7 m from the middle."""
    height, away = rng.uniform(0.5, 2.5), rng.uniform(2, 7)
    down, roll = np.arctan2(height - 0.9, away), np.radians(rng.normal(0, 3))
    yaw = rng.uniform(0, 2 * np.pi)
    rotation = camera_rotation(yaw, down, roll)
    hips = joints[:, 0]
    middle = (hips.max(0) + hips.min(0)) / 2
    ahead = np.array([np.cos(yaw), np.sin(yaw), 0])
    reach = -float(((joints - middle) @ ahead).min())
    position = middle * [1, 1, 0] - max(away, reach + 1.2) * ahead + [0, 0, height]
    return (joints - position) @ rotation.T, Floor(rotation[:, 2], height, 0, 0, "truth")


def mocap_walks(lifter: Lifter, motions: Sequence[Array], seed: int) -> list[Walk]:
    """Each take, at a random size, in front of a random camera."""
    rng, walks = np.random.default_rng(seed), []
    for number, motion in enumerate(motions):
        tall = rng.uniform(*TALL_M)
        joints, floor = before_camera(motion * tall / stature(motion[0]), rng)
        rays = CANONICAL_FOCAL * joints[..., :2] / joints[..., 2:]
        rays = rays + rng.normal(0, DETECTOR_NOISE, rays.shape)
        windows = [
            windows_at(rays, f"camera {number}", first)
            for first in range(0, len(rays) - FRAMES, IMAGES)
        ]
        walks.append(Walk(tall, joints, floor, lifted(lifter, windows)))
    return walks


def lifted(
    lifter: Lifter, windows: Sequence[PeopleWindows]
) -> list[tuple[int, PeopleWindows, LiftResult]]:
    """The windows of one person, lifted in turn."""
    stream, found = lifter.stream(), []
    for each in windows:
        result = stream.lift(
            np.nan_to_num(each.keypoints), [(each.camera, 0)], [each.stamp_ns],
            confidence=each.confidence, covariance_2d=each.covariance,
        )  # fmt: skip
        found.append((round(each.stamp_ns * RATE / 1e9), each, result))
    return found


def view_walk(lifter: Lifter, data: Path, number: int) -> Walk:
    """One real view. Its floor is at the man's feet in both truths."""
    view = RecordedView.read(data, number)
    with np.load(data / "multiview" / "pose2sim_single_coco17.npz", allow_pickle=False) as file:
        up = file["R"][number - 1][:, 2].astype(np.float64)

    def camera(width: int, height: int) -> Camera:
        return Camera(width, height, view.K, view.distortion, "plumb_bob")

    joints = view.truths[0].astype(np.float64)
    ankles = np.percentile(joints[:, FEET] @ up, 20)
    floor = Floor(up, float(ANKLE_M - ankles), 0, 0, "truth")
    return Walk(np.nan, joints, floor, watch(lifter, view.video, camera))


def errors(walk: Walk, way: str, seed: int) -> Errors:
    """Errors of all windows of a person, placed in one way."""
    found, localizer = Errors([], [], []), RootLocalizer(walk.tall_m if "height" in way else None)
    given = walk.given(np.random.default_rng(seed)) if "floor" in way else None
    stands = standing(walk.joints, walk.floor.up)
    for frame, windows, result in walk.seen:
        placed = localizer.localize(replace(windows, floor=given), result)
        root = placed.root[0, -1].astype(np.float64)
        truth = walk.joints[frame, 0]
        if not np.isfinite(root).all():
            continue
        ray = truth / np.linalg.norm(truth)
        along = float((root - truth) @ ray)
        covariance = placed.root_covariance[0, -1].astype(np.float64)
        found.share.append(abs(along) / float(np.linalg.norm(truth)))
        found.sigmas.append(abs(along) / float(np.sqrt(ray @ covariance @ ray)))
        feet = (placed.lifted.poses[0, -1, FEET] + root)[stands[frame]]
        ankle = ANKLE_M * stature(walk.joints[frame]) / USUAL_M
        found.feet += (walk.floor.height_of(feet) - ankle).tolist()
    return found


WAYS = ("picture", "picture and floor", "picture and height", "picture and floor and height")


def mocap_rows(walks: Sequence[Walk], seed: int) -> list[list[str]]:
    """Rows by size."""
    found = {
        way: [errors(walk, way, seed + number) for number, walk in enumerate(walks)] for way in WAYS
    }
    rows = []
    for low, high in (*pairwise(BOUNDS_M), TALL_M):
        some = [number for number, walk in enumerate(walks) if low <= walk.tall_m < high]
        for way in WAYS:
            together = Errors.joined([found[way][number] for number in some])
            rows.append([f"{low} to {high} m, {len(some)} people", way, *together.row()])
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=data_folder())
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--mocap", type=int, default=60, help="takes")
    arguments = parser.parse_args()
    lifter = Lifter.from_pretrained(arguments.model, preset="fast", decode="rigid")
    walks = mocap_walks(lifter, takes(arguments.data, arguments.mocap), seed=0)
    rows = mocap_rows(walks, seed=1)
    for number in VIEWS:
        walk = view_walk(lifter, arguments.data, number)
        rows += [[f"view {number}", way, *errors(walk, way, 1).row()] for way in WAYS[:2]]
    print(markdown_table(HEADER, rows))


if __name__ == "__main__":
    main()
