"""The clips of bench/image_conditions.py: one rendered person with known joints."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import cos, radians, sin
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm
from tracking_scenes import BLUE, GREEN, RED, WHITE, Walker

from diffhpe_ros.camera import Camera
from diffhpe_ros.io import read_npz, replacing
from diffhpe_ros.rendering.body import Array, Pose
from diffhpe_ros.rendering.clothes import Clothes
from diffhpe_ros.rendering.render import Renderer
from diffhpe_ros.rendering.scene import CameraView, Room
from diffhpe_ros.rendering.shapes import Floats
from diffhpe_ros.training.detector_errors import FittedErrors, blazepose_statistics
from diffhpe_ros.training.detector_errors.joints import to_detector_joints

FPS = 15
EYE_M = 1.3
WEAR = (RED, WHITE, BLUE, GREEN)


@dataclass(frozen=True)
class Lens:
    """An image's size and the field of view across its longer side."""

    name: str
    degrees: float
    fisheye: bool = False
    width: int = 640
    height: int = 480

    @property
    def camera(self) -> Camera:
        """An ideal equidistant fisheye, or a pinhole camera."""
        side = max(self.width, self.height)
        if not self.fisheye:
            return Camera.from_field_of_view(self.width, self.height, self.degrees)
        focal = side / radians(self.degrees)
        middle = (self.width - 1) / 2, (self.height - 1) / 2
        matrix = np.array([[focal, 0, middle[0]], [0, focal, middle[1]], [0, 0, 1]])
        return Camera(self.width, self.height, matrix, np.zeros(4), "equidistant")


@dataclass(frozen=True)
class Shot:
    """A person who walks on the spot, and the camera's direction."""

    table: str
    lens: Lens
    distance_m: float
    yaw: float = 0.0
    """Degrees from the person to the camera's axis."""
    pitch: float = 0.0
    """Degrees that the camera looks down."""
    clothes: Clothes = field(default=RED)
    start: float = 0.0
    """Degrees, the direction in which the person walks."""
    scale: int = 1
    """Factor by which the image is rendered smaller, then enlarged."""
    frames: int = 10

    @property
    def name(self) -> str:
        """Name of the file."""
        where = f"{self.distance_m:g} m, {self.yaw:g} {self.pitch:g}, {self.start:g}"
        return f"{self.table}, {self.lens.name}, {where}"

    @property
    def view(self) -> CameraView:
        """The camera in the room."""
        yaw, pitch = radians(self.yaw), radians(self.pitch)
        forward = np.array([sin(yaw) * cos(pitch), cos(yaw) * cos(pitch), -sin(pitch)])
        eye = np.array([0.0, 0.0, EYE_M])
        return _WholeSphere.looking_at(self.lens.camera, eye, eye + forward)

    @property
    def poses(self) -> list[Pose]:
        """The person's pose in each image."""
        walker = Walker(self.clothes, 0.0, self.distance_m, 0.3, self.start, 0.8)
        return [walker.pose(frame / FPS) for frame in range(self.frames)]


class _WholeSphere(CameraView):
    """A camera whose corners may be beyond the lens's field: their rays look straight ahead."""

    def rays(self, pixels: NDArray[np.floating]) -> Floats:
        """See `CameraView.rays`."""
        rays = super().rays(pixels)
        ahead = self.rotation[2].astype(np.float32)
        return np.where(np.isfinite(rays), rays, ahead)


@dataclass(frozen=True)
class Clip:
    """Images of one person."""

    images: NDArray[np.uint8]
    """(T, height, width, 3)."""
    keypoints: Array
    """(T, 17, 2) pixels, the expected positions of detected joints; NaN behind the camera."""
    angle: Array
    """(T,) degrees from the lens's axis to the hip."""

    @classmethod
    def read(cls, folder: Path, shot: Shot) -> "Clip":
        """Read a clip that `render` wrote."""
        return cls(**read_npz(folder / f"{shot.name}.npz", ("images", "keypoints", "angle")))


def film(shot: Shot) -> Clip:
    """Render a shot."""
    small = Lens("", shot.lens.degrees, shot.lens.fisheye,
                 shot.lens.width // shot.scale, shot.lens.height // shot.scale)  # fmt: skip
    drawn = Shot(**{**vars(shot), "lens": small})
    room = Room(half_width=6.0, depth=max(9.0, 1.3 * shot.distance_m))
    renderer = Renderer(drawn.view, room, samples=1)
    poses, view = shot.poses, shot.view
    images = np.stack([renderer.render([pose], k, [shot.clothes]) for k, pose in enumerate(poses)])
    outside = ~np.isfinite(small.camera.to_canonical(_pixels(small))).all(-1)
    images[:, outside] = 0
    joints = view.to_optical(np.stack([pose.joints for pose in poses]))
    facing = np.stack([view.rotation @ pose.head_forward for pose in poses])
    offsets = FittedErrors(blazepose_statistics()).offsets.double()
    placed = to_detector_joints(torch.from_numpy(joints), torch.from_numpy(facing), offsets).numpy()
    hip = joints[:, 0]
    angle = np.degrees(np.arccos(hip[:, 2] / np.linalg.norm(hip, axis=-1)))
    return Clip(images, view.camera.project(placed), angle)


def _pixels(lens: Lens) -> Array:
    return np.stack(np.meshgrid(np.arange(lens.width), np.arange(lens.height)), -1).astype(float)


USUAL = Lens("640x480, 60°", 60)
_LENSES = {
    Lens("pinhole, 110°", 110): (0, 25, 38, 46),
    Lens("pinhole, 130°", 130): (0, 30, 45, 55),
    Lens("fisheye, 160°", 160, fisheye=True): (0, 30, 50, 65, 74),
    Lens("fisheye, 180°", 180, fisheye=True): (0, 30, 50, 65, 75, 84),
}
_FORMATS = (
    (Lens("480x640", 60, width=480, height=640), 1),
    (Lens("1080x1920", 60, width=1080, height=1920), 2),
    (Lens("1920x1080", 60, width=1920, height=1080), 2),
    (Lens("3840x2160", 60, width=3840, height=2160), 3),
)
_DISTANCES_M = (3.0, 4.5, 6.0, 7.5, 9.0, 11.0, 13.0, 16.0)


def _shots() -> Iterator[Shot]:
    for k, distance in enumerate((3.0, 3.5, 4.2, 5.0)):
        yield Shot("usual", USUAL, distance, clothes=WEAR[k], start=90.0 * k + 30)
    for lens, angles in _LENSES.items():
        for angle in angles:
            for k, pitch in enumerate((0.0, 30.0)):
                yield Shot("lens", lens, 1.8, angle, pitch, WEAR[k], 70.0 * k + angle, frames=6)
    for lens, scale in _FORMATS:
        for k, distance in enumerate((3.0, 6.0, 9.0)):
            yield Shot("format", lens, distance, 0.0, 0.0, WEAR[k], 100.0 * k, scale)
    for k, distance in enumerate(_DISTANCES_M):
        for start in (20.0 * k, 20.0 * k + 150):
            yield Shot("size", USUAL, distance, 4.0, 0.0, WEAR[k % 4], start)


SHOTS: Sequence[Shot] = tuple(_shots())


def render(folder: Path, shots: Sequence[Shot]) -> None:
    """Write each shot's images and truth."""
    folder.mkdir(parents=True, exist_ok=True)
    for shot in tqdm(shots, unit="clip"):
        with replacing(folder / f"{shot.name}.npz") as file:
            np.savez(file, **vars(film(shot)))
