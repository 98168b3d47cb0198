"""A fast picture of 3D skeletons, seen from a point next to the camera that took the image."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.drawing.style import COLOURS, INK, WHITE, Colour, Image, disc, line, write
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.skeleton import BONES, NUM_JOINTS

Array = NDArray[np.float64]

BACKGROUND: Colour = (250, 248, 246)
GRID: Colour = (222, 217, 212)
SHADOW: Colour = (205, 200, 196)
AXIS_COLOURS: tuple[Colour, ...] = ((50, 50, 220), (60, 160, 60), (220, 90, 40))
NEAR_M = 0.1  # nothing nearer to the viewer is drawn
FOLLOW = 0.05  # share of the way to their target that floor and viewpoint move per frame


class SkeletonView:
    """Draws skeletons over a floor, from a viewpoint that follows people slowly.

    The floor is found under the feet, so a few frames must be drawn in order; `reset` starts over.

    Args:
        width: the picture's width in pixels.
        height: the picture's height in pixels.
        up: (3,) the direction against gravity in the optical frame; a level camera's by default.
        azimuth: of the viewpoint around the people, degrees: 0 behind the camera, 90 at its right.
        elevation: of the viewpoint above the people, degrees.
        show_camera: draw the camera that took the image.
    """

    def __init__(
        self,
        width: int,
        height: int,
        up: NDArray[Any] | None = None,
        azimuth: float = 72.0,
        elevation: float = 14.0,
        show_camera: bool = True,
    ):
        self.width, self.height, self.show_camera = width, height, show_camera
        self.focal = 1.25 * height
        self._blank: Image = np.full((height, width, 3), BACKGROUND, np.uint8)
        self._up = np.array([0.0, -1.0, 0.0]) if up is None else up / np.linalg.norm(up)
        level = np.array([0.0, 0.0, 1.0]) - self._up[2] * self._up
        self._ahead = level / np.linalg.norm(level)  # the optical axis, made level
        self._right = np.cross(self._ahead, self._up)
        self._set_direction(np.deg2rad(azimuth), np.deg2rad(elevation))
        self.reset()

    def reset(self) -> None:
        """Forget where people and the floor were."""
        self._floor: float | None = None  # height of the floor relative to the camera, negative
        self._target = 4.0 * self._ahead
        self._distance = 5.0

    def project(self, points: NDArray[Any]) -> Array:
        """Pixels (..., 2) of points (..., 3) in metres; NaN behind the viewer."""
        local = (np.asarray(points, np.float64) - self._eye) @ self._axes.T
        depth = np.where(local[..., 2:] > NEAR_M, local[..., 2:], np.nan)
        return self.focal * local[..., :2] / depth + [self.width / 2, self.height / 2]

    def draw(self, skeletons: NDArray[Any], covariance: NDArray[Any] | None = None) -> Image:
        """Draw people.

        Args:
            skeletons: (P, 17, 3) metres, optical frame; NaN where unknown. P may be 0.
            covariance: (P, 17, 3, 3) square metres, drawn as one-sigma ellipses.

        Returns:
            (height, width, 3) BGR.

        Raises:
            DiffhpeError: the arrays have other shapes.
        """
        _check(skeletons, covariance)
        self._follow(skeletons)
        image = self._blank.copy()
        self._draw_grid(image)
        if self.show_camera:
            self._draw_camera(image)
        for person in skeletons:
            self._draw_shadow(image, person)
        order = np.argsort([-self._depth(person) for person in skeletons])
        for index in order:
            if covariance is not None:
                self._draw_ellipses(image, skeletons[index], covariance[index])
            self._draw_skeleton(image, skeletons[index])
        return image

    @property
    def _eye(self) -> Array:
        return np.asarray(self._target - self._distance * self._axes[2], np.float64)

    def _set_direction(self, azimuth: float, elevation: float) -> None:
        """Rows of `_axes`: the viewer's right, down and forward in the optical frame."""
        aside = np.sin(azimuth) * self._right - np.cos(azimuth) * self._ahead
        forward = -np.cos(elevation) * aside - np.sin(elevation) * self._up
        right = np.cross(forward, self._up)
        right /= np.linalg.norm(right)
        self._axes = np.stack([right, np.cross(forward, right), forward])

    def _depth(self, person: NDArray[Any]) -> float:
        depths = (person - self._eye) @ self._axes[2]
        return float(np.nanmean(depths)) if np.isfinite(depths).any() else 0.0

    def _follow(self, skeletons: NDArray[Any]) -> None:
        """Move floor and viewpoint slowly towards the people; zoom out at once if needed."""
        points = skeletons[np.isfinite(skeletons).all(-1)]
        if not len(points):
            return
        lowest = float((points @ self._up).min()) - 0.07  # the sole is below the ankle
        if self.show_camera:
            points = np.concatenate([points, np.zeros((1, 3))])
        local = points @ self._axes.T
        low, high = local.min(0) - 0.25, local.max(0) + 0.25
        middle = (low + high) / 2 @ self._axes
        follow = 1.0 if self._floor is None else FOLLOW
        floor = lowest if self._floor is None else self._floor
        self._floor = floor + follow * (lowest - floor)
        self._target = self._target + follow * (middle - self._target)
        centre = self._axes @ self._target
        half = np.maximum(high - centre, centre - low)
        distance = half[2] + self.focal * max(2 * half[0] / self.width, 2 * half[1] / self.height)
        # The picture's border cuts nobody off, however fast they walk.
        self._distance = max(distance, self._distance + follow * (distance - self._distance))

    def _on_floor(self, points: NDArray[Any]) -> Array:
        """The points (..., 3) moved straight down to the floor."""
        floor = -1.3 if self._floor is None else self._floor
        return np.asarray(points + (floor - points @ self._up)[..., None] * self._up, np.float64)

    def _draw_grid(self, image: Image) -> None:
        """Draw lines every half metre around the people, fixed relative to the camera."""
        middle = np.round([self._target @ self._right, self._target @ self._ahead])
        steps = np.arange(-3.0, 3.01, 0.5)
        reach = np.full_like(steps, 3.0)
        ends = np.array([[steps, -reach], [steps, reach]])  # (end, coordinate, line)
        ends = np.concatenate([ends, ends[:, ::-1]], 2) + middle[:, None]
        flat = ends[:, 0, :, None] * self._right + ends[:, 1, :, None] * self._ahead
        self._draw_lines(image, self._on_floor(flat), GRID, 1)

    def _draw_camera(self, image: Image) -> None:
        """Draw the camera's pyramid and its axes: red x right, green y down, blue z forward."""
        corners = 0.4 * np.array([[-0.5, -0.4, 1], [0.5, -0.4, 1], [0.5, 0.4, 1], [-0.5, 0.4, 1]])
        edges = np.concatenate([np.zeros_like(corners), corners])
        rims = np.concatenate([corners, np.roll(corners, -1, 0)])
        self._draw_lines(image, np.stack([edges, rims]), INK, 1)
        for axis, colour in enumerate(AXIS_COLOURS):
            ends = np.stack([np.zeros((1, 3)), 0.35 * np.eye(3)[axis : axis + 1]])
            self._draw_lines(image, ends, colour, 2)
        at = self.project(0.3 * self._up)
        if np.isfinite(at).all():
            write(image, "camera", (int(at[0]) - 25, int(at[1])), self.height / 1100, INK)

    def _draw_shadow(self, image: Image, person: NDArray[Any]) -> None:
        flat = self._on_floor(person)
        self._draw_lines(image, flat[np.array(BONES).T], SHADOW, self._width)

    def _draw_skeleton(self, image: Image, person: NDArray[Any]) -> None:
        """Draw bones with a light rim, the farthest first."""
        pixels = self.project(person)
        seen = np.asarray(np.isfinite(pixels).all(1))
        depth = (person - self._eye) @ self._axes[2]
        bones = [(p, c) for p, c in BONES if seen[p] and seen[c]]
        for parent, child in sorted(bones, key=lambda b: -(depth[b[0]] + depth[b[1]])):
            line(image, pixels[parent], pixels[child], WHITE, self._width + 2)
            line(image, pixels[parent], pixels[child], COLOURS[child], self._width)
        for joint in np.flatnonzero(seen):
            disc(image, pixels[joint], 0.8 * self._width + 1, WHITE)
            disc(image, pixels[joint], 0.8 * self._width, COLOURS[joint])

    def _draw_ellipses(self, image: Image, person: NDArray[Any], covariance: NDArray[Any]) -> None:
        """Draw one-sigma outlines of the joints' uncertainty as the viewer sees it."""
        layer = image.copy()
        for joint, (centre, pixels) in enumerate(zip(person, self.project(person), strict=True)):
            if not (np.isfinite(pixels).all() and np.isfinite(covariance[joint]).all()):
                continue
            x, y, z = (centre - self._eye) @ self._axes.T
            slope = np.array([[1 / z, 0, -x / z**2], [0, 1 / z, -y / z**2]]) @ self._axes
            spread = self.focal**2 * slope @ covariance[joint] @ slope.T
            values, vectors = np.linalg.eigh(spread)
            radii = np.sqrt(np.clip(values, 0, 1e6))
            angle = float(np.degrees(np.arctan2(vectors[1, 1], vectors[0, 1])))
            at, size = tuple(map(float, pixels)), (2 * float(radii[1]), 2 * float(radii[0]))
            cv2.ellipse(layer, (at, size, angle), COLOURS[joint], -1, cv2.LINE_AA)
        cv2.addWeighted(layer, 0.25, image, 0.75, 0, dst=image)

    def _draw_lines(self, image: Image, ends: NDArray[Any], colour: Colour, width: int) -> None:
        """Draw lines with ends (2, N, 3), cut off where they pass behind the viewer."""
        depth = (ends - self._eye) @ self._axes[2] - 2 * NEAR_M
        known = np.isfinite(depth).all(0) & (depth > 0).any(0)
        ends, depth = ends[:, known], depth[:, known]
        cut = depth <= 0
        share = np.where(cut, depth / np.where(cut, depth - depth[::-1], 1.0), 0.0)
        ends = ends + share[..., None] * (ends[::-1] - ends)
        for start, end in self.project(ends).transpose(1, 0, 2):
            line(image, start, end, colour, width)

    @property
    def _width(self) -> int:
        return max(2, round(self.height / 120))


def _check(skeletons: NDArray[Any], covariance: NDArray[Any] | None) -> None:
    if skeletons.ndim != 3 or skeletons.shape[1:] != (NUM_JOINTS, 3):
        raise DiffhpeError(f"drawing expects skeletons (P, 17, 3), got {skeletons.shape}")
    if covariance is not None and covariance.shape != (*skeletons.shape, 3):
        raise DiffhpeError(
            f"drawing expects covariance {(*skeletons.shape, 3)}, got {covariance.shape}"
        )
