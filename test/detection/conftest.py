"""Real clips, real networks, and the true joints of the clips."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from diffhpe_ros.detection.weights import blazepose_weights
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.skeleton import to_h36m17


@dataclass(frozen=True)
class View:
    """Some frames of one camera on the man on the beam."""

    frames: list[np.ndarray]
    """Images (H, W, 3), BGR."""
    joints: np.ndarray
    """(frames, 17, 2) px, triangulated from all four cameras and projected into this one."""
    height: float
    """The person's height in px, from the highest to the lowest joint."""

    def error(self, keypoints: np.ndarray) -> np.ndarray:
        """Distances (frames, 17) of keypoints (frames, 17, 2), relative to the person's height."""
        return np.linalg.norm(keypoints - self.joints, axis=-1) / self.height


def read_frames(path: Path, start: int, stop: int, step: int = 1) -> Iterator[np.ndarray]:
    with av.open(str(path)) as clip:
        for index, frame in enumerate(clip.decode(video=0)):
            if index >= stop:
                break
            if index >= start and (index - start) % step == 0:
                yield frame.to_ndarray(format="bgr24")


@pytest.fixture(scope="session")
def view(shared_data: Path) -> Callable[[int], View]:
    """The first 12 frames of camera 0..3."""
    calibration = np.load(shared_data / "multiview" / "pose2sim_single_coco17.npz")
    views: dict[int, View] = {}

    def load(camera: int) -> View:
        if camera not in views:
            path = shared_data / "video" / f"p2s_single_cam0{camera + 1}.mp4"
            frames = list(read_frames(path, 0, 12))
            points = calibration["positions3d"][: len(frames)].reshape(-1, 3).astype(np.float64)
            turn = cv2.Rodrigues(calibration["R"][camera])[0]
            matrix, distortion = calibration["K"][camera], calibration["dist"][camera]
            pixels, _ = cv2.projectPoints(
                points, turn, calibration["t"][camera], matrix, distortion
            )
            coco = pixels.reshape(len(frames), 17, 2)
            joints, _ = to_h36m17(coco, np.ones(coco.shape[:2]), "coco17")
            height = np.median(np.ptp(joints[..., 1], axis=1))
            views[camera] = View(frames, joints, float(height))
        return views[camera]

    return load


@pytest.fixture(scope="session")
def two_people(shared_data: Path) -> list[np.ndarray]:
    """Frames with a man who stands on a roof at the left and a woman who walks at the right."""
    return list(read_frames(shared_data / "video" / "sports2d_demo.mp4", 70, 86, 5))


@pytest.fixture(scope="session")
def networks() -> tuple[bytes, bytes]:
    """BlazePose's two networks, from the cache or from PyPI."""
    try:
        return blazepose_weights()
    except DiffhpeError as error:
        if "sha256" in str(error):  # not a missing network connection: something is wrong
            raise
        pytest.skip(str(error))
