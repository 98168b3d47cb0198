"""Errors with several cameras: each camera alone, every pair, and all together.

The input is four calibrated real views of one man, compared with both triangulated truths (a few cm
off, 30 mm from each other). With `--rendered N` it is also N images of three people who walk around
each other in a rendered room in front of three cameras. All goes through BlazePose, windows, the
lifter and fusion, as live. Errors are those of all joints' positions in the room, not relative to
the hip.
"""

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from real_views import VIEWS, RecordedView

from diffhpe_ros.camera import Camera
from diffhpe_ros.detection import create_detector
from diffhpe_ros.geometry.rigid_transform import RigidTransform
from diffhpe_ros.lifting import DEFAULT_MODEL, Lifter
from diffhpe_ros.paths import data_folder
from diffhpe_ros.pipeline.camera_fusion import CameraFusion
from diffhpe_ros.pipeline.detection_stage import DetectionStage
from diffhpe_ros.pipeline.lifting_stage import LiftingStage
from diffhpe_ros.pipeline.people import LiftedPeople
from diffhpe_ros.rendering.__main__ import FPS, WALK, clip_view
from diffhpe_ros.rendering.render import Renderer
from diffhpe_ros.rendering.scene import CameraView
from diffhpe_ros.skeleton import HIP
from diffhpe_ros.tracking import PeopleTracker
from diffhpe_ros.training.calibration.coverage import squared_sigmas
from diffhpe_ros.training.experiments.document import markdown_table
from diffhpe_ros.video import VideoReader

Array = NDArray[np.float64]
Seen = Mapping[int, Mapping[int, LiftedPeople]]
"""Image number → camera → its people in the common frame."""
REAL_FPS = 60
HEADER = [
    "cameras", "truth", "joints, mm", "Hip, mm", "relative, mm", "within 2 sigma, %", "people",
    "numbers", "images",
]  # fmt: skip


@dataclass(frozen=True)
class Watched:
    """A camera and its pose."""

    name: str
    camera: Camera
    to_world: RigidTransform
    images: Callable[[], Iterator[NDArray[np.uint8]]]


def watch(lifter: Lifter, cameras: Mapping[int, Watched], fps: float, people: int) -> Seen:
    """The people that each camera sees, image by image."""
    seen: dict[int, dict[int, LiftedPeople]] = {}
    for number, each in cameras.items():
        detector = create_detector("blazepose", max_people=people)
        detection, lifting = DetectionStage(detector, PeopleTracker(people)), LiftingStage(lifter)
        for index, image in enumerate(each.images()):
            stamp_ns = round(index / fps * 1e9)
            windows = detection.process(image, each.camera, each.name, stamp_ns).windows
            if windows is not None:
                (found,) = lifting.process([windows])
                moved = found.moved(each.to_world, "world", (0, 0, 1))
                seen.setdefault(index, {})[number] = moved
    return seen


def fused(seen: Seen, cameras: Sequence[int]) -> dict[int, LiftedPeople]:
    """The last result that the node publishes for each image."""
    fusion, result = CameraFusion(), {}
    for index, by_camera in sorted(seen.items()):
        for camera in cameras:
            if camera in by_camera:
                result[index] = fusion.update(by_camera[camera])
    return result


def row(name: str, truth_name: str, result: dict[int, LiftedPeople], truth: Array) -> list[str]:
    """Errors relative to the nearest of the true people (T, P, 17, 3) in each image."""
    joints, hips, relative, within = [], [], [], []
    for index, people in result.items():
        for found, covariance in zip(people.joints, people.covariance, strict=True):
            apart = np.linalg.norm(found[HIP] - truth[index, :, HIP], axis=-1)
            off = found - truth[index, apart.argmin()]
            joints.append(np.linalg.norm(off, axis=-1).mean())
            hips.append(apart.min())
            relative.append(np.linalg.norm(off - off[HIP], axis=-1).mean())
            within.append(squared_sigmas(off[HIP], covariance[HIP]) <= 4)
    counts = [len(people) for people in result.values()]
    numbers = {number for people in result.values() for number in people.track_ids}
    errors = [f"{1000 * np.mean(each):.0f}" for each in (joints, hips, relative)]
    return [
        name, truth_name, *errors, f"{100 * np.mean(within):.0f}", f"{np.mean(counts):.2f}",
        str(len(numbers)), str(len(result)),
    ]  # fmt: skip


def table(seen: Seen, cameras: Sequence[int], truths: Mapping[str, Array]) -> str:
    """Results for each camera alone, every pair, and all."""
    chosen = [each for count in (1, 2) for each in combinations(cameras, count)]
    rows = []
    for each in [*chosen, tuple(cameras)]:
        result = fused(seen, each)
        names = ", ".join(map(str, each))
        rows += [row(names, name, result, truth) for name, truth in truths.items()]
    return markdown_table(HEADER, rows)


def real(lifter: Lifter, data: Path) -> str:
    """The four real views."""
    with np.load(data / "multiview" / "pose2sim_single_coco17.npz", allow_pickle=False) as file:
        rotations, translations = file["R"].astype(np.float64), file["t"].astype(np.float64)
    views = {number: RecordedView.read(data, number) for number in VIEWS}
    cameras = {}
    for number, view in views.items():

        def images(video: Path = view.video) -> Iterator[NDArray[np.uint8]]:
            with VideoReader(video) as reader:
                yield from (image for _, _, image in reader)

        height, width = next(images()).shape[:2]
        camera = Camera(width, height, view.K, view.distortion, "plumb_bob")
        world = RigidTransform(rotations[number - 1], translations[number - 1]).inverse()
        cameras[number] = Watched(f"camera {number}", camera, world, images)
    first = cameras[1].to_world
    truths = {
        name: first.points(truth)[:, None]
        for name, truth in zip(("first", "other"), views[1].truths, strict=True)
    }
    return table(watch(lifter, cameras, REAL_FPS, 1), VIEWS, truths)


def rendered(lifter: Lifter, images: int) -> str:
    """Three people on one circle, a third of a turn apart."""
    lens = clip_view().camera
    places = {1: (0.0, 0.0, 1.3), 2: (-2.7, 1.2, 1.5), 3: (2.7, 1.2, 1.5)}
    apart_s = WALK.lap_s / 3
    poses = [[WALK.pose(k / FPS + p * apart_s) for p in range(3)] for k in range(images)]
    cameras = {}
    for number, place in places.items():
        view = CameraView.looking_at(lens, np.array(place), np.array([0.0, 4.0, 0.93]))

        def draw(view: CameraView = view) -> Iterator[NDArray[np.uint8]]:
            renderer = Renderer(view, samples=1)
            yield from (renderer.render(each, seed=k) for k, each in enumerate(poses))

        world = RigidTransform(view.rotation.T, view.position)
        cameras[number] = Watched(f"camera {number}", lens, world, draw)
    truth = np.array([[pose.joints for pose in each] for each in poses])
    return table(watch(lifter, cameras, FPS, 3), list(places), {"exact": truth})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=data_folder())
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--rendered", type=int, metavar="N", help="images of the rendered people")
    arguments = parser.parse_args()
    lifter = Lifter.from_pretrained(arguments.model, preset="fast")
    if arguments.rendered:
        print(rendered(lifter, arguments.rendered))
    else:
        print(real(lifter, arguments.data))


if __name__ == "__main__":
    main()
