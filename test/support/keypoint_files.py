"""The embedded clip's person as a file of 2D keypoints."""

from pathlib import Path

import numpy as np

from diffhpe_ros.rendering.clip import walking_clip


def write_walk(file: Path) -> None:
    """Write the true keypoints of all 180 frames, as `diffhpe lift` reads them."""
    clip = walking_clip()
    np.savez(
        file,
        keypoints=clip.camera.project(clip.joints), layout="h36m17", fps=clip.fps,
        width=clip.camera.width, height=clip.camera.height,
        K=clip.camera.matrix, dist=clip.camera.distortion,
    )  # fmt: skip
