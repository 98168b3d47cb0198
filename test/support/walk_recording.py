"""A small motion capture file in the format of the real one."""

from pathlib import Path

import numpy as np

from diffhpe_ros.rendering.walk import CircleWalk


def write_walk(folder: Path) -> Path:
    """80 frames of a person who walks in a circle, at 50 Hz, as folder/mocap.npz."""
    poses = [CircleWalk().pose(k / 50) for k in range(80)]
    file = folder / "mocap.npz"
    np.savez(
        file,
        positions=np.array([pose.joints for pose in poses], np.float32),
        head_forward=np.array([pose.head_forward for pose in poses], np.float16),
        offsets=np.array([0, 80]),
        subject=np.array([1]),
        name=np.array(["walk"]),
    )
    return file
