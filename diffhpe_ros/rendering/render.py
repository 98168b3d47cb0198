"""Images of clothed people in a room, made by marching rays through signed distances."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.rendering.body import Pose
from diffhpe_ros.rendering.clothes import Clothes, Figure
from diffhpe_ros.rendering.furniture import Box, nearest
from diffhpe_ros.rendering.march import BLOCK, REACH_M, march
from diffhpe_ros.rendering.scene import CameraView, Room
from diffhpe_ros.rendering.shade import lit, shadow
from diffhpe_ros.rendering.shapes import Floats

Image = NDArray[np.uint8]

GAMMA = 2.2


class Renderer:
    """Draws poses as one camera sees them; the empty room is drawn once.

    Args:
        view: the camera and its pose.
        room: the room behind the people.
        noise: standard deviation of the sensor's noise, as a share of white.
        samples: samples per pixel along each side.
        furniture: in the room; may be between the camera and people.
    """

    def __init__(
        self,
        view: CameraView,
        room: Room | None = None,
        noise: float = 0.006,
        samples: int = 2,
        furniture: Sequence[Box] = (),
    ):
        self.view, self.noise, self.samples = view, noise, samples
        self._rays = view.rays(self._sample_pixels())
        self._room, self._room_points = (room or Room()).colours(view.position, self._rays)
        self._furniture, colours = nearest(furniture, view.position, self._rays)
        before = np.isfinite(self._furniture)
        self._room[before] = colours[before]
        away = self._furniture[before, None]
        self._room_points[before] = view.position + self._rays[before] * away

    def render(
        self, poses: Sequence[Pose], seed: int = 0, clothes: Sequence[Clothes] | None = None
    ) -> Image:
        """Draw people.

        Args:
            poses: in world metres; a nearer person hides a farther one.
            seed: seed of the sensor's noise: the same arguments give the same image.
            clothes: each person's clothes; None: all wear the same.

        Returns:
            (height, width, 3) BGR.
        """
        wear = [Clothes()] * len(poses) if clothes is None else clothes
        figures = sorted(map(Figure, poses, wear), key=self._distance, reverse=True)
        picture = self._room.copy()
        for figure in figures:
            self._shade_floor(picture, figure)
        for figure in figures:
            self._draw(picture, figure)
        return self._develop(picture, seed)

    def mask(self, pose: Pose) -> NDArray[np.bool_]:
        """The pixels (height, width) whose centres show a person."""
        picture = np.zeros_like(self._room)
        self._draw(picture, Figure(pose), silhouette=True)
        return np.asarray(self._pixels(picture[..., 0]) >= 0.5)

    def depth(self, poses: Sequence[Pose]) -> Floats:
        """A depth camera's image from the same position: (height, width) metres along the axis."""
        picture = self.view.to_optical(self._room_points)[..., 2].astype(np.float32)
        for figure in (Figure(pose) for pose in poses):
            left, top, right, bottom = self._box(figure)
            rays = self._rays[top:bottom, left:right]
            distance = march(figure, self.view.position, rays)
            hit = np.isfinite(distance)
            points = self.view.position + rays[hit] * distance[hit, None]
            target = picture[top:bottom, left:right]
            target[hit] = np.minimum(target[hit], self.view.to_optical(points)[..., 2])
        camera, first = self.view.camera, self.samples // 2
        sampled = picture[first :: self.samples, first :: self.samples]
        return np.asarray(sampled[: camera.height, : camera.width], np.float32)

    def _sample_pixels(self) -> NDArray[np.float64]:
        """The samples' positions (h, w, 2) in pixels, padded to whole blocks."""
        camera, n = self.view.camera, self.samples
        height, width = (-(-side * n // BLOCK) * BLOCK for side in (camera.height, camera.width))
        v, u = np.mgrid[0:height, 0:width]
        return (np.stack([u, v], -1) + 0.5) / n - 0.5

    def _pixels(self, picture: Floats) -> Floats:
        """The mean of each pixel's samples, (height, width) or (height, width, 3)."""
        size = (self.view.camera.width, self.view.camera.height)
        picture = picture[: size[1] * self.samples, : size[0] * self.samples]
        return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.float32)

    def _distance(self, figure: Figure) -> float:
        return float(np.linalg.norm(figure.pose.joints[0] - self.view.position))

    def _draw(self, picture: Floats, figure: Figure, silhouette: bool = False) -> None:
        """Draw a person over a picture of samples."""
        left, top, right, bottom = self._box(figure)
        if left >= right or top >= bottom:
            return
        rays = self._rays[top:bottom, left:right]
        distance = march(figure, self.view.position, rays)
        hit = distance < self._furniture[top:bottom, left:right]
        target = picture[top:bottom, left:right]
        if silhouette:
            target[hit] = 1.0
            return
        points = self.view.position + rays[hit] * distance[hit, None]
        target[hit] = lit(figure, points.astype(np.float32), self.view.position)

    def _box(self, figure: Figure) -> tuple[int, int, int, int]:
        """The person's box of samples: left, top, right, bottom; whole blocks inside the image."""
        corners = []
        for part in figure.parts:
            box = np.stack([part.shape.low, part.shape.high])
            corners += [[box[i, 0], box[j, 1], box[k, 2]] for i, j, k in np.ndindex(2, 2, 2)]
        optical = self.view.to_optical(np.array(corners))
        if (optical[:, 2] < 0.2).any():  # near the camera, or at the border of a fisheye image
            pixels = self._near_pixels(figure)
        else:
            pixels = self.view.camera.project(optical)
        low = np.floor((pixels.min(0) - 2) * self.samples / BLOCK).astype(int) * BLOCK
        high = np.ceil((pixels.max(0) + 3) * self.samples / BLOCK).astype(int) * BLOCK
        limits = np.array(self._rays.shape[1::-1])
        left, top = np.clip(low, 0, limits)
        right, bottom = np.clip(high, 0, limits)
        return int(left), int(top), int(right), int(bottom)

    def _near_pixels(self, figure: Figure) -> NDArray[np.float64]:
        """Pixels (N, 2) whose rays pass near a person; their bounding box contains the person."""
        away = figure.pose.joints[0] - self.view.position
        distance, reach = float(np.linalg.norm(away)), REACH_M * figure.scale
        if distance <= reach:
            return np.array([[0.0, 0.0], [self.view.camera.width, self.view.camera.height]])
        along = self._rays @ (away / distance).astype(np.float32)
        row, column = np.nonzero(along > np.sqrt(1 - (reach / distance) ** 2))
        if not len(row):
            return np.zeros((1, 2))
        return np.stack([column, row], -1) / self.samples

    def _shade_floor(self, picture: Floats, figure: Figure) -> None:
        """Darken the floor where a person blocks the light."""
        beside = self._room_points[..., :2] - figure.pose.joints[0, :2].astype(np.float32)
        near = (self._room_points[..., 2] < 1e-3) & ((beside**2).sum(-1) < 2.5**2)
        picture[near] *= shadow(figure, self._room_points[near])[:, None]

    def _develop(self, picture: Floats, seed: int) -> Image:
        """Convert samples of linear light to an 8-bit image with a sensor's softness and noise."""
        soft = cv2.GaussianBlur(self._pixels(picture), (0, 0), 0.5)
        image = np.clip(soft, 0, 1) ** (1 / GAMMA)
        image += np.random.default_rng(seed).normal(0, self.noise, image.shape)
        eight_bit: Image = (np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8)
        return np.ascontiguousarray(eight_bit[..., ::-1])
