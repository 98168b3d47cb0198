"""Accuracy of low-confidence joints: rendered people behind furniture or cut off by the border.

python bench/hidden_people.py render clips.npz
python bench/hidden_people.py score clips.npz [--model full heavy] [--threshold 0.5 0.3 0.1]

The true joints are known. Motion capture of 1.1 s at 25 images per second is rendered at 320
pixels. Errors in the image are relative to the person's size, the longer side of the box around all
joints.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from real_views import first_person
from tqdm import tqdm

from diffhpe_ros.camera import Camera
from diffhpe_ros.detection.assemble import to_people
from diffhpe_ros.detection.blazepose.checks import body
from diffhpe_ros.detection.blazepose.landmark_models import open_models
from diffhpe_ros.detection.blazepose.landmarks import NUM_BODY, LandmarkNetwork
from diffhpe_ros.detection.blazepose.people import PeopleFollower
from diffhpe_ros.detection.blazepose.regions import RegionFinder
from diffhpe_ros.detection.weights import LANDMARKS
from diffhpe_ros.io import read_npz, replacing
from diffhpe_ros.keypoint_files import KeypointTrack, lift_track
from diffhpe_ros.lifting import DEFAULT_MODEL, Lifter
from diffhpe_ros.paths import data_folder
from diffhpe_ros.rendering.body import Array, Pose, turn
from diffhpe_ros.rendering.furniture import Box, desk, nearest, stool, table
from diffhpe_ros.rendering.render import Renderer
from diffhpe_ros.rendering.scene import CameraView
from diffhpe_ros.skeleton import HIP, LAYOUTS, NUM_JOINTS, THORAX
from diffhpe_ros.training.detector_errors import FittedErrors, blazepose_statistics
from diffhpe_ros.training.detector_errors.joints import DETECTED_JOINTS, to_detector_joints
from diffhpe_ros.training.experiments.document import markdown_table

MOCAP_HZ, STEP, FRAMES = 50, 2, 28
SIDE_PX, FIELD_OF_VIEW = 320, 60.0
STANDING, SEATED = "cmu_h36m17_50hz.npz", "cmu_amc2_h36m17_50hz.npz"
STAYS_M = 0.25
LEVELS = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1.01)
ARRAYS = ("images", "scene", "joints", "head_forward", "hidden")


@dataclass(frozen=True)
class Scene:
    """A person's position, and the objects that hide them."""

    name: str
    seated: bool
    distance_m: tuple[float, float]
    yaw: float
    """The person faces the camera within this angle, radians."""
    furniture: Callable[[float, float], list[Box]] = lambda x, y: []
    """Objects around a person at x and y."""
    looks_at_m: tuple[float, float] = (0.8, 1.0)
    """Height of the point that the camera looks at."""
    camera_m: tuple[float, float] = (0.9, 1.6)
    """Height of the camera."""


def at_table(x: float, y: float) -> list[Box]:
    return table(x, y - 0.65, 1.6, 0.7, 0.75)


def at_desk(x: float, y: float) -> list[Box]:
    return desk(x, y - 0.65, 1.6, 0.7, 0.75)


SCENES = (
    Scene("in the open", False, (2.3, 4.5), np.pi),
    Scene("standing at a table", False, (2.3, 3.5), 1.0, at_table),
    Scene("standing at a desk", False, (2.3, 3.5), 1.0, at_desk),
    Scene("seated at a table", True, (2.0, 3.2), 1.0, lambda x, y: [stool(x, y), *at_table(x, y)]),
    Scene("seated at a desk", True, (2.0, 3.2), 1.0, lambda x, y: [stool(x, y), *at_desk(x, y)]),
    Scene("cut by the border", False, (0.8, 1.5), 1.0, looks_at_m=(1.2, 1.5), camera_m=(1.1, 1.6)),
)


@dataclass(frozen=True)
class Motion:
    """People who stay roughly in place; all frames of all clips."""

    positions: Array
    head_forward: Array
    toes: Array
    starts: NDArray[np.intp]
    """First frames of the clips."""

    @classmethod
    def read(cls, path: Path, seated: bool) -> "Motion":
        """Read the people who sit, or those who stand."""
        names = ("positions", "head_forward", "toes", "offsets")
        arrays = read_npz(path, names)
        positions, facing, toes = (arrays[name].astype(np.float64) for name in names[:3])
        starts = []
        for first, end in pairwise(arrays["offsets"]):
            toes[first:end, :, 2] -= (floor := toes[first:end, :, 2].min())
            positions[first:end, :, 2] -= floor
            fits = sits(positions[first:end]) if seated else stands(positions[first:end])
            for start in range(first, end - STEP * FRAMES, STEP * FRAMES // 2):
                clip = slice(start, start + STEP * FRAMES)
                if fits[start - first : clip.stop - first].all() and stays(positions[clip]):
                    starts.append(start)
        return cls(positions, facing, toes, np.array(starts))


def sits(positions: Array) -> NDArray[np.bool_]:
    """Whether the person sits on a stool, (T,) of (T, 17, 3)."""
    thighs = positions[:, [2, 5]] - positions[:, [1, 4]]
    flat = (np.abs(thighs[..., 2]) < 0.6 * np.linalg.norm(thighs, axis=-1)).all(-1)
    return flat & upright(positions) & (positions[:, HIP, 2] < 0.7)


def stands(positions: Array) -> NDArray[np.bool_]:
    """Whether the person stands on both legs, (T,) of (T, 17, 3)."""
    low = positions[:, [3, 6], 2] < 0.25
    return low.all(-1) & upright(positions) & (positions[:, HIP, 2] > 0.78)


def upright(positions: Array) -> NDArray[np.bool_]:
    """Whether the trunk is upright, (T,) of (T, 17, 3)."""
    trunk = positions[:, THORAX] - positions[:, HIP]
    return np.asarray(trunk[:, 2] > 0.85 * np.linalg.norm(trunk, axis=-1))


def stays(positions: Array) -> bool:
    """Whether the person stays in place."""
    return bool((np.ptp(positions[:, HIP], axis=0) < STAYS_M).all())


@dataclass(frozen=True)
class Clip:
    """A person in a scene."""

    images: NDArray[np.uint8]  # (L, height, width, 3)
    joints: Array  # (L, 17, 3), optical frame
    head_forward: Array  # (L, 3), optical frame
    hidden: NDArray[np.bool_]  # (L, 17), by furniture or the image's border


def make_clip(scene: Scene, motion: Motion, rng: np.random.Generator) -> Clip:
    """Render a person's motion in a scene."""
    start = rng.choice(motion.starts)
    rows = slice(start, start + STEP * FRAMES, STEP)
    positions = motion.positions[rows]
    hip, left = positions[:, HIP].mean(0), (positions[:, 4] - positions[:, 1]).mean(0)
    facing = np.arctan2(-left[0], left[1])
    to_room = turn(-facing - np.pi / 2 + rng.uniform(-scene.yaw, scene.yaw))
    at = np.array([rng.uniform(-0.3, 0.3), rng.uniform(*scene.distance_m), 0.0])
    shift = at - [*(to_room @ hip)[:2], 0.0]
    poses = [
        Pose(joints @ to_room.T + shift, forward @ to_room.T, tips @ to_room.T + shift)
        for joints, forward, tips in zip(
            positions, motion.head_forward[rows], motion.toes[rows], strict=True
        )
    ]
    eye = np.array([0.0, 0.0, rng.uniform(*scene.camera_m)])
    camera = Camera.from_field_of_view(SIDE_PX, SIDE_PX, FIELD_OF_VIEW)
    target = np.array([at[0], at[1], rng.uniform(*scene.looks_at_m)])
    view = CameraView.looking_at(camera, eye, target)
    boxes = scene.furniture(at[0], at[1])
    renderer = Renderer(view, samples=1, furniture=boxes)
    return Clip(
        np.stack([renderer.render([pose], seed=frame) for frame, pose in enumerate(poses)]),
        np.stack([view.to_optical(pose.joints) for pose in poses]),
        np.stack([view.rotation @ pose.head_forward for pose in poses]),
        np.stack([hidden(pose.joints, view, boxes) for pose in poses]),
    )


def hidden(joints: Array, view: CameraView, boxes: Sequence[Box]) -> NDArray[np.bool_]:
    """Which joints (17, 3) are behind furniture or outside the image, (17,)."""
    away = joints - view.position
    distance = np.linalg.norm(away, axis=-1)
    before, _ = nearest(boxes, view.position, (away / distance[:, None]).astype(np.float32))
    pixels = view.camera.project(view.to_optical(joints))
    outside = ((pixels < 0) | (pixels >= SIDE_PX)).any(-1)
    return np.asarray((before < distance) | outside)


def render(path: Path, mocap: Path, clips: int, seed: int) -> None:
    """Render this many clips of each scene and write them to a file."""
    rng = np.random.default_rng(seed)
    motions = {
        seated: Motion.read(mocap / (SEATED if seated else STANDING), seated)
        for seated in (False, True)
    }
    work = [(index, scene) for index, scene in enumerate(SCENES) for _ in range(clips)]
    found = [make_clip(scene, motions[scene.seated], rng) for _, scene in tqdm(work, unit="clip")]
    with replacing(path) as file:
        np.savez_compressed(
            file,
            scene=np.array([index for index, _ in work]),
            **{
                name: np.stack([getattr(clip, name) for clip in found])
                for name in ("images", "joints", "head_forward", "hidden")
            },
        )


@dataclass(frozen=True)
class Detected:
    """BlazePose's results for N images."""

    keypoints: NDArray[np.float32]  # (N, 17, 2)
    confidence: NDArray[np.float32]  # (N, 17)
    world_landmarks: NDArray[np.float32]  # (N, 17, 3)
    stated: NDArray[np.float32]  # (N, 17) pixels, standard deviation from the covariance
    has_heat: NDArray[np.bool_]  # (N, 17), whether the heat maps locate it

    def at(self, threshold: float, camera: Camera) -> KeypointTrack:
        """A track in which joints of lower confidence are unseen."""
        seen = self.confidence >= max(threshold, 1e-6)
        return KeypointTrack(
            np.arange(len(seen)) * STEP / MOCAP_HZ,
            np.where(seen[..., None], self.keypoints, np.float32(np.nan)),
            np.where(seen, self.confidence, np.float32(0)),
            camera,
            world_landmarks=self.world_landmarks,
        )


def follower_of(model: str) -> PeopleFollower:
    """BlazePose without the stages after its networks."""
    networks = open_models(model, "auto", 1, None, with_heavy=False).networks
    landmarks = LandmarkNetwork(networks.landmarks[model])
    return PeopleFollower(RegionFinder(networks.regions, 0.5), landmarks, 1, 5, 0.5)


def detect(follower: PeopleFollower, images: NDArray[np.uint8]) -> Detected:
    """Run the detector on the images of a clip."""
    follower.reset()
    rows = []
    for image in images:
        found = follower.update(image)
        people = to_people([body(each) for each in found], "blazepose33", SIDE_PX, SIDE_PX, 0.0)
        stated, has_heat = np.full(NUM_JOINTS, np.nan), np.zeros(NUM_JOINTS, bool)
        if len(people):
            stated = np.sqrt(np.trace(people.covariance[0], axis1=-2, axis2=-1) / 2)
            silent = np.isnan(found[0].covariance[:NUM_BODY]).any((-1, -2))
            has_heat = ~((LAYOUTS["blazepose33"] > 0) & silent).any(-1)
        rows.append((*first_person(people), stated, has_heat))
    *numbers, heat = (np.array(column) for column in zip(*rows, strict=True))
    return Detected(*(each.astype(np.float32) for each in numbers), has_heat=heat)


def score(paths: Sequence[Path], model: str, thresholds: Sequence[float], lifter: Lifter) -> None:
    """Print the tables of one landmark model."""
    each = [read_npz(path, ARRAYS) for path in paths]
    arrays = {name: np.concatenate([file[name] for file in each]) for name in ARRAYS}
    camera = Camera.from_field_of_view(SIDE_PX, SIDE_PX, FIELD_OF_VIEW)
    follower, joints, hidden = follower_of(model), arrays["joints"], arrays["hidden"]
    clips = [detect(follower, images) for images in tqdm(arrays["images"], model, unit="clip")]
    print(f"\n{model}: errors in the image by confidence, % of the person's size\n")
    print(table_by_confidence(clips, camera, joints, arrays["head_forward"], hidden))
    print(f"\n{model}: lifted, mm: all joints / seen / hidden\n")
    rows = []
    for index, scene in enumerate(SCENES):
        chosen = np.flatnonzero(arrays["scene"] == index)
        cells = []
        for threshold in thresholds:
            tracks = [clips[clip].at(threshold, camera) for clip in chosen]
            apart = map(partial(lifted_errors, lifter), tracks, joints[chosen])
            cells.append(lifted_cell(np.stack(list(apart)), hidden[chosen]))
        found = np.mean([clips[clip].confidence.any(-1).mean() for clip in chosen])
        rows.append([scene.name, f"{hidden[chosen].mean():.0%}", f"{found:.0%}", *cells])
    header = ["scene", "hidden", "frames seen", *(f"from {each:g}" for each in thresholds)]
    print(markdown_table(header, rows))


def table_by_confidence(
    clips: Sequence[Detected],
    camera: Camera,
    joints: Array,
    head_forward: Array,
    hidden: NDArray[np.bool_],
) -> str:
    """Errors of the joints that BlazePose finds: root mean square over both axes."""
    columns = []
    for found, true_joints, facing, unseen in zip(clips, joints, head_forward, hidden, strict=True):
        errors, size = relative_errors(found, camera, true_joints, facing)
        squares = (errors**2).sum(-1) / 2
        stated = (found.stated / size) ** 2
        columns.append(np.stack([found.confidence, squares, stated, unseen, found.has_heat], -1))
    each = np.stack(columns)[..., list(DETECTED_JOINTS), :].reshape(-1, 5)
    confidence, squares, stated, unseen, heat = each[np.isfinite(each[:, 1])].T
    rows = []
    for low, high in pairwise(LEVELS):
        level = (confidence >= low) & (confidence < high)
        by_heat = [level & (heat > 0), level & (heat == 0)]
        groups = [level, level & (unseen == 0), level & (unseen > 0), *by_heat]
        cells = [f"{100 * np.sqrt(squares[group].mean()):.1f}" for group in groups]
        cells += [f"{100 * np.sqrt(stated[group].mean()):.1f}" for group in by_heat]
        share = f"{100 * unseen[level].mean():.0f}"
        rows.append([f"{low:g} to {min(high, 1):g}", f"{level.sum()}", share, *cells])
    header = [
        "confidence", "joints", "hidden, %", "SD", "of seen", "of hidden", "with heat", "without",
        "stated with", "stated without",
    ]  # fmt: skip
    return markdown_table(header, rows)


def relative_errors(
    found: Detected, camera: Camera, joints: Array, head_forward: Array
) -> tuple[NDArray[np.float64], float]:
    """Errors (L, 17, 2) relative to the person's size in the image, NaN if not found; the size."""
    offsets = FittedErrors(blazepose_statistics()).offsets.double()
    true_joints = to_detector_joints(
        torch.from_numpy(joints).double(), torch.from_numpy(head_forward).double(), offsets
    ).numpy()
    true = camera.project(true_joints)
    size = float(np.ptp(true, axis=1).max(-1).mean())
    return np.asarray((found.keypoints - true) / size), size


def lifted_errors(lifter: Lifter, track: KeypointTrack, joints: Array) -> NDArray[Any]:
    """Errors (L, 17) of the lifted joints relative to the hip, metres; NaN if there are none."""
    if not (track.confidence > 0).any():
        return np.full(joints.shape[:2], np.nan)
    poses = lift_track(lifter, track).poses
    return np.linalg.norm(poses - (joints - joints[:, :1]), axis=-1)


def lifted_cell(apart: NDArray[Any], hidden: NDArray[np.bool_]) -> str:
    """Mean errors (C, L, 17): of all joints, of the visible, of the hidden."""
    groups = apart, apart[~hidden], apart[hidden]
    return " / ".join(
        f"{1000 * np.nanmean(each):.0f}" if np.isfinite(each).any() else "" for each in groups
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    rendering = commands.add_parser("render", help="draw the clips; 10 minutes on one core")
    scoring = commands.add_parser("score", help="print the tables")
    rendering.add_argument("file", type=Path)
    scoring.add_argument("files", type=Path, nargs="+")
    rendering.add_argument("--mocap", type=Path, default=data_folder() / "mocap", help="folder")
    rendering.add_argument("--clips", type=int, default=4, help="of each scene")
    rendering.add_argument("--seed", type=int, default=0)
    scoring.add_argument("--model", nargs="+", default=["full"], choices=LANDMARKS)
    scoring.add_argument("--threshold", nargs="+", type=float, default=[0.5, 0.3, 0.1])
    scoring.add_argument("--lifter", default=DEFAULT_MODEL)
    arguments = parser.parse_args()
    if arguments.command == "render":
        render(arguments.file, arguments.mocap, arguments.clips, arguments.seed)
        return
    lifter = Lifter.from_pretrained(arguments.lifter)
    for model in arguments.model:
        score(arguments.files, model, arguments.threshold, lifter)


if __name__ == "__main__":
    main()
