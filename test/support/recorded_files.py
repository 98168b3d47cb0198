"""Small files in researchers' formats, made from a person who walks in circles."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from diffhpe_ros.rendering.walk import CircleWalk
from diffhpe_ros.training.datasets.human36m import KEPT_JOINTS
from diffhpe_ros.training.datasets.human36m_cameras import cameras_of
from diffhpe_ros.training.datasets.mpi_3dhp import TO_H36M17

METADATA = {
    "layout_name": "h36m",
    "num_joints": 17,
    "keypoints_symmetry": [[4, 5, 6, 11, 12, 13], [1, 2, 3, 14, 15, 16]],
}


@cache
def walk(frames: int) -> np.ndarray:
    """(T, 17, 3) world metres, z up; it begins in the middle of the room."""
    joints = np.array([CircleWalk().pose(k / 50).joints for k in range(frames)])
    return (joints - [*joints[0, 0, :2], 0]).astype(np.float32)


def of_32_joints(joints: np.ndarray) -> np.ndarray:
    """(T, 17, 3) → (T, 32, 3); the unused joints are far away."""
    captured = np.full((len(joints), 32, 3), 1e3, np.float32)
    captured[:, KEPT_JOINTS] = joints
    return captured


def projected(subject: str, joints: np.ndarray, longer_by: int = 0) -> list[np.ndarray]:
    """The views of the subject's four cameras in pixels, with some more frames."""
    joints = np.concatenate([joints, joints[:longer_by]])
    return [camera.lens.project(camera.to_optical(joints)) for camera in cameras_of(subject)]


class Human36MFiles:
    """Two files of S1 and S9; change `world` and `seen` before `write` for other content."""

    def __init__(self, folder: Path) -> None:
        self.data_3d, self.data_2d = folder / "data_3d_h36m.npz", folder / "data_2d_h36m_gt.npz"
        self.joints = {"Walking 1": walk(60), "Greeting": walk(40)[::-1]}
        self.world: dict[str, Any] = {
            subject: {action: of_32_joints(joints) for action, joints in self.joints.items()}
            for subject in ("S1", "S9")
        }
        self.seen: dict[str, Any] = {
            subject: {
                action: projected(subject, joints, longer_by=5)
                for action, joints in self.joints.items()
            }
            for subject in ("S1", "S9")
        }
        self.metadata: dict[str, Any] = dict(METADATA)

    def write(self) -> tuple[Path, Path]:
        """Write both files, and return their paths."""
        np.savez_compressed(self.data_3d, positions_3d=self.world)
        np.savez_compressed(self.data_2d, positions_2d=self.seen, metadata=self.metadata)
        return self.data_3d, self.data_2d


def in_mpi_order(joints: np.ndarray) -> np.ndarray:
    """Our 17 joints in the order of MPI-INF-3DHP's files."""
    ordered = np.empty_like(joints)
    ordered[:, list(TO_H36M17)] = joints
    return ordered
