"""P-MPJPE on four real views of one man, through each detector, against triangulated joints.

The truth is a pseudo-truth: COCO-17 keypoints triangulated from the same views, a few cm off.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from diffhpe_ros.camera import Camera
from diffhpe_ros.coherence import segment_std, symmetry_gap
from diffhpe_ros.detection import Detector, create_detector
from diffhpe_ros.keypoint_files import KeypointTrack, lift_track
from diffhpe_ros.lifting import DEFAULT_MODEL, Lifter
from diffhpe_ros.metrics import p_mpjpe
from diffhpe_ros.paths import data_folder
from diffhpe_ros.skeleton import to_h36m17
from diffhpe_ros.training.experiments.document import markdown_table
from diffhpe_ros.video import VideoReader

VIEWS = (1, 2, 3, 4)
DETECTORS = {"blazepose": "BlazePose", "onnx": "YOLOX and MoveNet"}


@dataclass(frozen=True)
class RecordedView:
    """One camera's video and the joints that were triangulated from all."""

    video: Path
    K: np.ndarray
    distortion: np.ndarray
    truth: np.ndarray  # (T, 17, 3), metres, in the frame of this camera

    @classmethod
    def read(cls, data: Path, number: int) -> "RecordedView":
        """View number 1 to 4."""
        with np.load(data / "multiview" / "pose2sim_single_coco17.npz", allow_pickle=False) as file:
            points, index = file["positions3d"], number - 1
            certain = np.ones(points.shape[:2], np.float32)
            xy, yz = (to_h36m17(points[..., at], certain, "coco17")[0] for at in ([0, 1], [1, 2]))
            joints = np.concatenate([xy, yz[..., 1:]], -1)
            truth = joints @ file["R"][index].T + file["t"][index]
            video = data / "video" / f"p2s_single_cam{number:02d}.mp4"
            return cls(video, file["K"][index], file["dist"][index], truth)


def detector(name: str, data: Path) -> Detector:
    if name == "blazepose":
        return create_detector(name)
    onnx = data / "onnx"
    return create_detector(
        name,
        person_model=onnx / "yolox_nano_coco.onnx",
        pose_model=onnx / "movenet_singlepose_lightning_v4.onnx",
    )


def track(view: RecordedView, detect: Detector) -> KeypointTrack:
    times, keypoints, confidence = [], [], []
    with VideoReader(view.video) as reader:
        for _, time, image in reader:
            height, width = image.shape[:2]
            people = detect.detect(image)
            seen = len(people) > 0
            times.append(time)
            keypoints.append(people.keypoints[0] if seen else np.full((17, 2), np.nan))
            confidence.append(people.confidence[0] if seen else np.zeros(17))
    camera = Camera(width, height, view.K, view.distortion, "plumb_bob")
    points, certain = (np.array(each, np.float32) for each in (keypoints, confidence))
    return KeypointTrack(np.array(times), points, certain, camera)


def figures(lifter: Lifter, view: RecordedView, keypoints: KeypointTrack) -> list[str]:
    lifted = lift_track(lifter, keypoints)
    known = np.isfinite(lifted.poses).all((1, 2))
    poses, truth = lifted.poses[known], view.truth[: len(known)][known]
    distance = np.linalg.norm(lifted.root[known] - truth[:, 0], axis=-1)
    values = (
        p_mpjpe(poses, truth),
        np.linalg.norm(poses - (truth - truth[:, :1]), axis=-1).mean(),
        float(symmetry_gap(poses)),
        float(segment_std(poses)),
        float(np.nanmedian(distance)),
    )
    return [*(f"{1000 * value:.0f}" for value in values), f"{known.sum()} of {len(known)}"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=data_folder())
    parser.add_argument("--model", nargs="+", default=[DEFAULT_MODEL])
    arguments = parser.parse_args()
    rows = []
    for name, title in DETECTORS.items():
        for number in VIEWS:
            view = RecordedView.read(arguments.data, number)
            keypoints = track(view, detector(name, arguments.data))
            for model in arguments.model:
                lifter = Lifter.from_pretrained(model)
                rows.append([f"{title}, view {number}", model, *figures(lifter, view, keypoints)])
    header = [
        "2D joints", "model", "P-MPJPE", "MPJPE", "symmetry gap", "segment std", "root", "frames",
    ]  # fmt: skip
    print(markdown_table(header, rows))


if __name__ == "__main__":
    main()
