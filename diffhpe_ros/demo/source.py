"""The demo's source of images: the package's own clip, a video file, or a webcam."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.camera import Camera
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.rendering.clip import walking_clip
from diffhpe_ros.video import VideoReader
from diffhpe_ros.windows import FRAMES, RATE

WINDOW_S = (FRAMES - 1) / RATE


@dataclass(frozen=True)
class DemoSource:
    """A source of images, and what is known about them."""

    name: str
    path: Path | None
    """The video file; None for a webcam."""
    webcam: int = 0
    fps: float = 30.0
    frames: int | None = None
    """Number of frames in the file; None if unknown."""
    camera: Camera | None = None
    """Calibration, if known."""
    truth: NDArray[np.float32] | None = None
    """(frames, 17, 3) true joints, metres, optical frame, if known."""
    up: NDArray[np.float64] | None = None
    """(3,) direction against gravity in the optical frame, if known."""


def embedded_clip() -> DemoSource:
    """The rendered walking person, whose camera and joints are known exactly."""
    clip = walking_clip()
    return DemoSource(
        "embedded clip",
        clip.video_path,
        fps=clip.fps,
        frames=len(clip.joints),
        camera=clip.camera,
        truth=clip.joints,
        up=clip.up,
    )


def video_file(path: Path) -> DemoSource:
    """A video of an unknown camera.

    Raises:
        DiffhpeError: it cannot be read, or is shorter than a window.
    """
    with VideoReader(path) as video:
        frames = video.frame_count
        if frames is not None and frames / video.fps < WINDOW_S:
            found = "one image" if frames == 1 else f"{frames / video.fps:.2f} s"
            raise DiffhpeError(
                f"{path} has {found}; the live graph needs {WINDOW_S:.2f} s of video; to lift one"
                " image, use diffhpe lift"
            )
        return DemoSource(path.name, path, fps=video.fps, frames=video.frame_count)


def webcam(number: int) -> DemoSource:
    """A webcam of unknown calibration."""
    return DemoSource(f"webcam {number}", None, webcam=number)
