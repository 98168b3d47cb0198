"""The camera's pose, and the room that it sees. World metres, z up, the floor at z = 0."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.camera import CANONICAL_FOCAL, Camera
from diffhpe_ros.rendering.body import Array, unit
from diffhpe_ros.rendering.shapes import Floats


@dataclass(frozen=True)
class CameraView:
    """A camera in the world.

    Attributes:
        camera: its intrinsics and lens.
        position: (3,) world metres.
        rotation: (3, 3), rows: the optical frame's right, down and forward in the world.
    """

    camera: Camera
    position: Array
    rotation: Array

    @classmethod
    def looking_at(cls, camera: Camera, position: Array, target: Array) -> "CameraView":
        """A camera without roll at a position (3,), with its centre on a target (3,)."""
        forward = unit(target - position)
        right = unit(np.cross(forward, [0.0, 0.0, 1.0]))
        return cls(camera, position, np.stack([right, np.cross(forward, right), forward]))

    def to_optical(self, points: NDArray[np.floating]) -> Array:
        """World points (..., 3) in the optical frame, metres."""
        return np.asarray((points - self.position) @ self.rotation.T, np.float64)

    def rays(self, pixels: NDArray[np.floating]) -> Floats:
        """Unit directions (..., 3), in the world, of the rays through pixels (..., 2)."""
        flat = self.camera.to_canonical(pixels) / CANONICAL_FOCAL
        optical = np.concatenate([flat, np.ones((*flat.shape[:-1], 1))], -1)
        return unit(optical @ self.rotation).astype(np.float32)


@dataclass(frozen=True)
class Room:
    """A box-shaped furnished room; the camera must be inside it.

    Attributes:
        half_width: from the centre to the side walls (x), metres.
        depth: y of the back wall.
        height: z of the ceiling.
        seed: seed of the boards' and walls' irregularities.
    """

    half_width: float = 2.9
    depth: float = 6.4
    height: float = 2.6
    seed: int = 7

    def colours(self, origin: Array, directions: Floats) -> tuple[Floats, Floats]:
        """Where rays hit the room.

        Args:
            origin: (3,) where all rays start.
            directions: (H, W, 3) unit directions.

        Returns:
            Linear colours (H, W, 3) under the room's light, and the points hit (H, W, 3).
        """
        points, distance_of = self._hits(origin, directions)
        which = distance_of.argmin(0)
        colours = np.zeros(points.shape, np.float32)
        x, y, z = (points[..., axis] for axis in range(3))
        back = self._back_wall(x, z)
        sides = self._paint(y, z, np.array([0.50, 0.49, 0.44], np.float32))
        ceiling = np.full_like(points, 0.62)
        for surface, painted in enumerate((self._floor(x, y), back, sides, ceiling)):
            colours[which == surface] = painted[which == surface]
        return colours * self._light(points)[..., None], points

    def _hits(self, origin: Array, directions: Floats) -> tuple[Floats, Floats]:
        """Points hit (H, W, 3) and distances (4, H, W) to floor, back, sides, ceiling."""
        with np.errstate(divide="ignore", invalid="ignore"):
            x, y, z = (directions[..., axis] for axis in range(3))
            distance_of = np.stack(
                [
                    -origin[2] / z,
                    (self.depth - origin[1]) / y,
                    (np.sign(x) * self.half_width - origin[0]) / x,
                    (self.height - origin[2]) / z,
                ]
            )
        distance_of = np.where(distance_of > 0, distance_of, np.inf).astype(np.float32)
        points = origin + directions * distance_of.min(0)[..., None]
        return points.astype(np.float32), distance_of

    def _floor(self, x: Floats, y: Floats) -> Floats:
        """Boards along y, each with its own tone and grain."""
        board = np.floor(x / 0.16)
        row = np.floor(y / 1.4 + 0.37 * board)
        tone = 0.82 + 0.32 * _hash(board, row)
        grain = 1 + 0.10 * np.sin(x * 260 + 3 * np.sin(y * 5 + board)) * _hash(board, 9 + row)
        seam = np.minimum(
            np.abs(x / 0.16 - np.round(x / 0.16)) * 0.16,
            np.abs((y / 1.4 + 0.37 * board) - np.round(y / 1.4 + 0.37 * board)) * 1.4,
        )
        tone = tone * grain * np.where(seam < 0.004, 0.55, 1.0)
        wood: Floats = tone[..., None] * np.array([0.30, 0.185, 0.10], np.float32)
        return wood.astype(np.float32)

    def _back_wall(self, x: Floats, z: Floats) -> Floats:
        """A painted wall with a door, two pictures and a skirting board."""
        wall = self._paint(x, z, np.array([0.42, 0.47, 0.46], np.float32))
        panels = (  # left, right, bottom, top, colour
            (1.25, 2.20, 0.0, 2.08, (0.60, 0.58, 0.53)),
            (1.32, 2.13, 0.0, 2.01, (0.34, 0.22, 0.13)),
            (1.44, 2.01, 1.15, 1.88, (0.28, 0.18, 0.10)),
            (1.44, 2.01, 0.18, 1.00, (0.28, 0.18, 0.10)),
            (1.37, 1.42, 1.00, 1.12, (0.65, 0.60, 0.45)),
            (-2.15, -1.15, 1.25, 2.00, (0.05, 0.05, 0.05)),
            (-2.09, -1.21, 1.31, 1.94, (0.66, 0.64, 0.58)),
            (-0.45, 0.30, 1.45, 1.98, (0.25, 0.15, 0.08)),
            (-0.40, 0.25, 1.50, 1.93, (0.16, 0.27, 0.34)),
        )
        for left, right, bottom, top, colour in panels:
            wall[(x > left) & (x < right) & (z > bottom) & (z < top)] = colour
        for left, right, bottom, top, colour in (
            (-1.95, -1.60, 1.42, 1.72, (0.45, 0.20, 0.10)),
            (-1.70, -1.35, 1.55, 1.84, (0.10, 0.22, 0.30)),
            (-0.40, 0.25, 1.50, 1.66, (0.10, 0.16, 0.07)),
        ):
            wall[(x > left) & (x < right) & (z > bottom) & (z < top)] = colour
        return wall

    def _paint(self, along: Floats, z: Floats, colour: Floats) -> Floats:
        """Slightly uneven paint over a white skirting board."""
        noise = np.random.default_rng(self.seed).random((40, 80), np.float32)
        uneven = cv2.remap(
            noise,
            np.float32(8) * np.clip(along + np.float32(5), 0, 9.8),
            np.float32(8) * np.clip(z + np.float32(1), 0, 4.8),
            cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REFLECT,
        )
        painted = (0.94 + 0.10 * uneven)[..., None] * colour
        painted[z < 0.10] = (0.60, 0.59, 0.56)
        painted[np.abs(z - 0.10) < 0.006] = (0.25, 0.25, 0.24)
        result: Floats = painted.astype(np.float32)
        return result

    def _light(self, points: Floats) -> Floats:
        """Brighter in the middle under the lamp, darker in the corners."""
        x, y, z = (points[..., axis] for axis in range(3))
        lamp = 1 / (1 + 0.05 * (x**2 + (y - 4.0) ** 2 + 0.3 * (z - 1.2) ** 2))
        corner = np.ones_like(x)
        for gap in (self.half_width - np.abs(x), self.depth - y, self.height - z, z):
            corner *= 1 - 0.22 * np.exp(-np.maximum(gap, 0) / 0.25)
        light: Floats = (0.25 + 1.05 * lamp) * (0.2 + 0.8 * corner)
        return light.astype(np.float32)


def _hash(a: Floats, b: Floats) -> Floats:
    """A fixed pseudo-random number in 0..1 for each pair of whole numbers."""
    value = np.sin(a * 12.9898 + b * 78.233) * 43758.547
    result: Floats = (value - np.floor(value)).astype(np.float32)
    return result
