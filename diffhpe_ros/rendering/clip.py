"""The package's own clip: a rendered person with exactly known joints."""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.camera import Camera
from diffhpe_ros.errors import DiffhpeError

VIDEO, TRUTH = "walk.mp4", "walk_truth.npz"


@dataclass(frozen=True)
class Clip:
    """A video with its camera and the true joints of the person in it.

    Attributes:
        video_path: the file.
        camera: the camera that took it.
        fps: frames per second.
        joints: (frames, 17, 3) float32 metres, camera optical frame.
    """

    video_path: Path
    camera: Camera
    fps: float
    joints: NDArray[np.float32]

    @property
    def up(self) -> NDArray[np.float64]:
        """(3,) unit vector against gravity in the optical frame, from the upright walker."""
        head_over_feet = self.joints[:, 10] - self.joints[:, [3, 6]].mean(1)
        up = head_over_feet.mean(0).astype(np.float64)
        return np.asarray(up / np.linalg.norm(up), np.float64)


def walking_clip(folder: Path | None = None) -> Clip:
    """A person who walks once around a circle, 3 to 5 m away: six seconds that loop.

    Args:
        folder: contains the video and its truth; by default the package's.

    Raises:
        DiffhpeError: the files do not exist or are not readable.
    """
    folder = folder or Path(str(files("diffhpe_ros") / "assets"))
    video, truth = folder / VIDEO, folder / TRUTH
    if not video.is_file():
        raise DiffhpeError(f"no clip at {video}; `python -m diffhpe_ros.rendering` makes it")
    try:
        with np.load(truth) as data:
            camera = Camera(int(data["width"]), int(data["height"]), data["K"], data["distortion"])
            return Clip(video, camera, float(data["fps"]), data["joints"])
    except (OSError, KeyError, ValueError) as error:
        raise DiffhpeError(f"cannot read the clip's truth {truth}: {error}") from None
