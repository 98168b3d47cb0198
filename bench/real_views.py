"""Errors on four real views of one man, with each detector, against both triangulated truths.

The truths are pseudo-truths: keypoints triangulated from the same views by other detectors, a few
cm off, 30 mm from each other. Intervals are for the first one: 95 %, from a bootstrap over blocks
of ten frames. With BlazePose there are three rows per view: its own world landmarks, the lifter
alone, and both fused.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from diffhpe_ros.camera import Camera
from diffhpe_ros.coherence import segment_std, symmetry_gap
from diffhpe_ros.detection import Detector, People, create_detector
from diffhpe_ros.detection.weights import MODELS
from diffhpe_ros.keypoint_files import KeypointTrack, lift_track
from diffhpe_ros.left_right import PAIRS, LeftRight, exchange
from diffhpe_ros.lifting import DEFAULT_MODEL, Lifter
from diffhpe_ros.lifting.pipeline.world_landmarks import WEIGHT, to_poses
from diffhpe_ros.metrics import acceleration_errors, best_similarity, mpjpe, p_mpjpe
from diffhpe_ros.paths import data_folder
from diffhpe_ros.skeleton import HIP, NUM_JOINTS, to_h36m17
from diffhpe_ros.training.evaluation.bootstrap import intervals_over_sequences
from diffhpe_ros.training.experiments.document import markdown_table
from diffhpe_ros.video import VideoReader

VIEWS = (1, 2, 3, 4)
DETECTORS = {"blazepose": "BlazePose", "onnx": "YOLOX and MoveNet"}
FRAMES_A_SECOND = 60
BLOCK_FRAMES = 10
LEVELS = (0.0, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1.01)
HEADER = [
    "2D joints", "poses", "P-MPJPE", "MPJPE", "both, other truth", "symmetry gap", "segment std",
    "acceleration error, m/s²", "root", "frames",
]  # fmt: skip


@dataclass(frozen=True)
class RecordedView:
    """One camera's video and the joints triangulated from all cameras."""

    video: Path
    K: NDArray[Any]
    distortion: NDArray[Any]
    truths: tuple[NDArray[Any], NDArray[Any]]  # (T, 17, 3), metres, in the frame of this camera

    @classmethod
    def read(cls, data: Path, number: int) -> "RecordedView":
        """Read view number 1 to 4."""
        folder, index = data / "multiview", number - 1
        with np.load(folder / "p2s_single_consensus.npz", allow_pickle=False) as file:
            other = file["joints_h36m17"]
        with np.load(folder / "pose2sim_single_coco17.npz", allow_pickle=False) as file:
            points = file["positions3d"]
            certain = np.ones(points.shape[:2], np.float32)
            xy, yz = (to_h36m17(points[..., at], certain, "coco17")[0] for at in ([0, 1], [1, 2]))
            both = np.concatenate([xy, yz[..., 1:]], -1), other
            first, second = (each @ file["R"][index].T + file["t"][index] for each in both)
            video = data / "video" / f"p2s_single_cam{number:02d}.mp4"
            return cls(video, file["K"][index], file["dist"][index], (first, second))


@dataclass(frozen=True)
class Estimate:
    """Poses of a view's frames from one method."""

    name: str
    poses: NDArray[Any]  # (T, 17, 3) root-relative, NaN where there is none
    root: NDArray[Any] | None  # (T, 3)


def detector(name: str, data: Path, options: dict[str, Any]) -> Detector:
    """A detector that keeps one person."""
    if name == "blazepose":
        return create_detector(name, **options)
    onnx = data / "onnx"
    return create_detector(
        name,
        person_model=onnx / "yolox_nano_coco.onnx",
        pose_model=onnx / "movenet_singlepose_lightning_v4.onnx",
    )


def track(view: RecordedView, detect: Detector) -> KeypointTrack:
    """The first person of each frame, with swapped sides corrected as in the nodes."""
    times: list[float] = []
    found: list[People] = []
    with VideoReader(view.video) as reader:
        for _, time, image in reader:
            height, width = image.shape[:2]
            times.append(time)
            found.append(detect.detect(image))
    found = keep_left_and_right(times, found)
    camera = Camera(width, height, view.K, view.distortion, "plumb_bob")
    points, certain, landmarks = (
        np.array(each, np.float32) for each in zip(*map(first_person, found), strict=True)
    )
    return KeypointTrack(
        np.array(times),
        points,
        certain,
        camera,
        world_landmarks=None if np.isnan(landmarks).all() else landmarks,
    )


def keep_left_and_right(times: list[float], found: list[People]) -> list[People]:
    """The first person of each frame, with left and right as finally known."""
    left_right = LeftRight()
    stamps = [round(1e9 * time) for time in times]
    rows = {stamp_ns: row for row, stamp_ns in enumerate(stamps)}
    orders = np.tile(np.arange(NUM_JOINTS), (len(found), 1))
    for stamp_ns, row in rows.items():
        if (check := found[row].check) is not None:
            left_right.check(stamps[row - check.images_ago], check.keypoints)
        if len(found[row]):
            for at_ns, order in left_right.update(stamp_ns, found[row].keypoints[0]).items():
                orders[rows[at_ns]] = orders[rows[at_ns]][order]
    return [
        people.reordered(np.tile(order, (len(people), 1)))
        for people, order in zip(found, orders, strict=True)
    ]


def first_person(people: People) -> tuple[NDArray[Any], ...]:
    """Keypoints, confidence and world landmarks; unseen if there is no person."""
    nothing = np.full((NUM_JOINTS, 2), np.nan), np.zeros(NUM_JOINTS), np.full((17, 3), np.nan)
    if not len(people):
        return nothing
    world = people.world_landmarks
    return people.keypoints[0], people.confidence[0], nothing[2] if world is None else world[0]


def confused(keypoints: NDArray[Any], projected: NDArray[Any]) -> float:
    """Share of frames whose legs or arms fit the projected truth better when swapped."""
    worse = [
        np.nanmean(np.linalg.norm(keypoints[:, rows] - projected[:, rows], axis=-1), 1)
        > np.nanmean(np.linalg.norm(keypoints[:, mirrored] - projected[:, rows], axis=-1), 1)
        for rows, mirrored in ((rows, exchange(True, True)[rows]) for rows in PAIRS)
    ]
    return float(np.any(worse, 0).mean())


def errors_by_confidence(tracks: list[KeypointTrack], projected: list[NDArray[Any]]) -> str:
    """Errors of the limbs' joints on each image axis, % of the person's size."""
    columns = []
    for track, true in zip(tracks, projected, strict=True):
        size = np.ptp(true, axis=1).max(-1)[:, None, None]
        errors = (track.keypoints[: len(true)] - true) / size
        squares = (errors**2).mean(-1)[:, np.concatenate(PAIRS)]
        columns.append([track.confidence[: len(true), np.concatenate(PAIRS)], squares])
    confidence, squares = np.concatenate([np.reshape(each, (2, -1)) for each in columns], 1)
    rows = []
    for low, high in pairwise(LEVELS):
        level = (confidence >= low) & (confidence < high) & np.isfinite(squares)
        if level.any():
            sd = f"{100 * np.sqrt(squares[level].mean()):.1f}"
            rows.append([f"{low:g} to {min(high, 1):g}", f"{level.sum()}", sd])
    return markdown_table(["confidence", "joints", "SD, %"], rows)


def estimates(model: str, keypoints: KeypointTrack, weights: list[float]) -> Iterator[Estimate]:
    """Poses from one view's keypoints with all methods."""
    lifter = Lifter.from_pretrained(model)
    fused = lift_track(lifter, keypoints)
    if keypoints.world_landmarks is None:
        yield Estimate(model, fused.poses, fused.root)
        return
    lifted = lift_track(lifter, replace(keypoints, world_landmarks=None))
    yield Estimate("world landmarks", world_poses(keypoints), None)
    yield Estimate(model, lifted.poses, lifted.root)
    yield Estimate(f"{model}, fused", fused.poses, fused.root)
    for weight in weights:  # the fused poses are linear in the weight
        share = weight / WEIGHT
        poses = lifted.poses + share * (fused.poses - lifted.poses)
        yield Estimate(f"{model}, fused with {weight:g}", poses, lifted.root)


def world_poses(keypoints: KeypointTrack) -> NDArray[Any]:
    """The world landmarks of each frame as poses (T, 17, 3)."""
    assert keypoints.world_landmarks is not None
    x_2d = np.nan_to_num(keypoints.camera.to_canonical(keypoints.keypoints))
    return to_poses(keypoints.world_landmarks[:, None], torch.from_numpy(x_2d)[:, None])[:, 0]


def figures(estimate: Estimate, truths: tuple[NDArray[Any], NDArray[Any]]) -> list[float]:
    """P-MPJPE with its interval, MPJPE, both against the other truth, and so on, mm or m/s²."""
    known = np.isfinite(estimate.poses).all((1, 2))
    poses = estimate.poses[known]
    first, second = (each[: len(known)][known] for each in truths)
    distances = np.linalg.norm(best_similarity(poses, first) - first, axis=-1).mean(-1)
    blocks = np.flatnonzero(known) // BLOCK_FRAMES
    low, high = intervals_over_sequences({"": distances}, blocks)[""]
    jerky = acceleration_errors(poses, first).mean() * FRAMES_A_SECOND**2
    root = np.nan
    if estimate.root is not None:
        away = np.linalg.norm(estimate.root[known] - first[:, HIP], axis=-1)
        root = float(np.nanmedian(away))
    values = [
        distances.mean(), low, high, mpjpe(poses, rooted(first)), p_mpjpe(poses, second),
        mpjpe(poses, rooted(second)), float(symmetry_gap(poses)), float(segment_std(poses)), root,
    ]  # fmt: skip
    return [*(1000 * value for value in values), jerky, known.sum()]


def rooted(poses: NDArray[Any]) -> NDArray[Any]:
    """The poses made root-relative."""
    return poses - poses[:, :1]


def row(values: list[float]) -> list[str]:
    """The cells of a table's row, in the order of `HEADER`."""
    p, low, high, m, other_p, other_m, gap, std, root, jerky, frames = values
    return [
        f"{p:.0f} ({low:.0f} to {high:.0f})", f"{m:.0f}", f"{other_p:.0f}, {other_m:.0f}",
        f"{gap:.0f}", f"{std:.0f}", f"{jerky:.0f}", "" if np.isnan(root) else f"{root:.0f}",
        f"{frames:.0f}",
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=data_folder())
    parser.add_argument("--model", nargs="+", default=[DEFAULT_MODEL])
    parser.add_argument("--detector", nargs="+", default=list(DETECTORS), choices=DETECTORS)
    parser.add_argument("--weights", nargs="*", type=float, default=[], help="of world landmarks")
    parser.add_argument("--blazepose-model", default="full", choices=MODELS)
    parser.add_argument("--check-every", type=int, default=0)
    parser.add_argument("--min-confidence", type=float, help="else the detector's default")
    arguments = parser.parse_args()
    options = {"model": arguments.blazepose_model, "check_every": arguments.check_every}
    rows = []
    for name in arguments.detector:
        found: dict[str, list[list[float]]] = {}
        tracks, truths = [], []
        for number in VIEWS:
            view = RecordedView.read(arguments.data, number)
            detect = detector(name, arguments.data, options)
            if arguments.min_confidence is not None:
                detect.min_confidence = arguments.min_confidence
            keypoints = track(view, detect)
            projected = keypoints.camera.project(view.truths[0])
            seen = keypoints.keypoints[: len(projected)]
            tracks.append(keypoints)
            truths.append(projected)
            print(f"view {number}: left and right confused in {confused(seen, projected):.0%}")
            for model in arguments.model:
                for estimate in estimates(model, keypoints, arguments.weights):
                    values = figures(estimate, view.truths)
                    found.setdefault(estimate.name, []).append(values)
                    rows.append([f"{DETECTORS[name]}, view {number}", estimate.name, *row(values)])
        print(f"\n{DETECTORS[name]}\n\n{errors_by_confidence(tracks, truths)}\n")
        for way, of_views in found.items():
            mean = np.mean(of_views, 0).tolist()
            rows.append([f"{DETECTORS[name]}, mean", way, *row(mean)])
    print(markdown_table(HEADER, rows))


if __name__ == "__main__":
    main()
