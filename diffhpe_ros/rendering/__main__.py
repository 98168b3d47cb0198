"""Render the package's clip again: `python -m diffhpe_ros.rendering --out DIR`."""

import argparse
from pathlib import Path

import numpy as np
from tqdm import tqdm

from diffhpe_ros.camera import Camera
from diffhpe_ros.rendering.clip import TRUTH, VIDEO
from diffhpe_ros.rendering.render import Renderer
from diffhpe_ros.rendering.scene import CameraView
from diffhpe_ros.rendering.walk import CircleWalk
from diffhpe_ros.video import VideoWriter

FPS = 30
WALK = CircleWalk()


def clip_view() -> CameraView:
    """The clip's camera: 640x480, 56 degrees wide, 1.3 m high, looking slightly down."""
    matrix = np.array([[600.0, 0.0, 319.5], [0.0, 600.0, 239.5], [0.0, 0.0, 1.0]])
    camera = Camera(640, 480, matrix, np.zeros(5))
    return CameraView.looking_at(camera, np.array([0.0, 0.0, 1.3]), np.array([0.0, 4.0, 0.93]))


def make_clip(folder: Path) -> None:
    """Write the video and its truth to a folder; takes a few minutes on one core."""
    folder.mkdir(parents=True, exist_ok=True)
    view = clip_view()
    poses = [WALK.pose(frame / FPS) for frame in range(round(WALK.lap_s * FPS))]
    renderer = Renderer(view)
    with VideoWriter(folder / VIDEO, view.camera.width, view.camera.height, FPS) as video:
        for frame, pose in enumerate(tqdm(poses, "rendering", unit="frame")):
            video.write(renderer.render([pose], seed=frame))
    np.savez(
        folder / TRUTH,
        fps=np.float64(FPS),
        width=np.int64(view.camera.width),
        height=np.int64(view.camera.height),
        K=view.camera.matrix,
        distortion=view.camera.distortion,
        joints=np.stack([view.to_optical(pose.joints) for pose in poses]).astype(np.float32),
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m diffhpe_ros.rendering", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for the clip and its truth")
    make_clip(parser.parse_args().out)
