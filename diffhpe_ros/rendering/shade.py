"""Light on a person, and the person's shadow. Linear colours, world metres."""

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.rendering.body import Array, unit
from diffhpe_ros.rendering.clothes import Figure, paint_face
from diffhpe_ros.rendering.march import gap
from diffhpe_ros.rendering.shapes import Cone, Cones, Floats

LAMP = unit(np.array([-0.45, -0.55, 0.85]))  # direction to the strongest light


def lit(figure: Figure, points: Floats, eye: Array) -> Floats:
    """Colours (N, 3) of points (N, 3) on a person seen from an eye (3,)."""
    normals = _normals(figure, points)
    lamp = np.clip(normals @ LAMP.astype(np.float32), 0, 1)
    facing = np.clip(normals @ unit(eye - figure.pose.joints[0]).astype(np.float32), 0, 1)
    sky = 0.5 + 0.5 * normals[:, 2]
    open_ = np.clip(gap(figure, points + np.float32(0.06) * normals) / 0.06, 0.15, 1)
    light = (0.30 * sky + 0.20 + 0.25 * facing) * open_ + 0.95 * lamp * (0.4 + 0.6 * open_)
    colours, folds = _cloth(figure, points)
    light *= 1 + 0.10 * folds * _folds((points - figure.pose.joints[7]) @ figure.pose.chest_axes.T)
    return (colours * light[:, None]).astype(np.float32)


def shadow(figure: Figure, floor: Floats) -> Floats:
    """Share of the light (N,) that reaches points (N, 3) of the floor past a person."""
    distance = Cones([_on_floor(cone) for cone in _limbs(figure)]).distances(floor).min(1)
    light = 1 - 0.42 / (1 + np.exp(np.clip((distance - 0.01) / 0.022, -30, 30)))
    for ankle, toe in zip((6, 3), figure.pose.toes, strict=True):
        sole = (figure.pose.joints[ankle] + toe) / 2
        light *= 1 - 0.6 * np.exp(-((floor - sole) ** 2).sum(1) / 0.016)
    return light.astype(np.float32)


def _cloth(figure: Figure, points: Floats) -> tuple[Floats, Floats]:
    """Reflectance (N, 3) of surface points (N, 3), and the strength (N,) of their folds."""
    nearest = np.argmin([part.shape.distance(points) for part in figure.parts], 0)
    colours = np.array([part.colour for part in figure.parts], np.float32)[nearest]
    folds = np.array([part.folds for part in figure.parts], np.float32)[nearest]
    skin = np.array([part.colour == figure.clothes.skin for part in figure.parts])[nearest]
    painted = colours[skin]
    paint_face(painted, figure.head_local(points[skin]), figure.clothes.hair)
    colours[skin] = painted
    return colours, folds


def _normals(figure: Figure, points: Floats) -> Floats:
    """Unit normals (N, 3) from distances at the corners of a small tetrahedron."""
    gradient = np.zeros_like(points)
    for corner in np.array([[1, -1, -1], [-1, -1, 1], [-1, 1, -1], [1, 1, 1]], np.float32):
        gradient += corner * gap(figure, points + np.float32(0.002) * corner)[:, None]
    length = np.linalg.norm(gradient, axis=1, keepdims=True)
    return np.asarray(gradient / np.maximum(length, 1e-9), np.float32)


def _folds(local: NDArray[np.floating]) -> Floats:
    """Waves (N,) in -1..1 over points (N, 3) of cloth, in chest axes."""
    x, y, z = local.T
    along = np.sin(31 * x + 52 * z + 3 * np.sin(17 * y))
    across = np.sin(43 * y - 19 * z + 2 * np.sin(23 * x))
    return np.asarray(along * across, np.float32)


def _limbs(figure: Figure) -> list[Cone]:
    """A coarse body, accurate enough for a shadow."""
    joints = figure.pose.joints
    spans = [(0, 8, 0.15), (11, 14, 0.06), (10, 10, 0.10)]
    spans += [(first, first + 1, 0.08) for first in (1, 4)]
    spans += [(first, first + 1, 0.06) for first in (2, 5)]
    spans += [(first, first + 1, 0.045) for first in (11, 12, 14, 15)]
    return [figure.cone(joints[start], joints[end], r, r) for start, end, r in spans]


def _on_floor(cone: Cone) -> Cone:
    """A cone projected along the lamp's rays onto the floor."""
    start, end = (p - LAMP * (p[2] / LAMP[2]) for p in map(np.asarray, (cone.start, cone.end)))
    return Cone(start, end, cone.start_radius, cone.end_radius)
