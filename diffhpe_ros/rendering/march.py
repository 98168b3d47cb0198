"""Where rays meet a person: sphere tracing, blocks of rays first, then each ray."""

import numpy as np

from diffhpe_ros.rendering.body import Array
from diffhpe_ros.rendering.clothes import Figure
from diffhpe_ros.rendering.shapes import Floats

BLOCK = 8  # side of the squares of rays that first march as one cone
STEPS = 48
HIT_M = 0.0015
REACH_M = 1.3  # largest distance of any part of a person of 1.75 m from the hip
CHUNK = 8192  # points per evaluation, so that the data stays in the cache


def gap(figure: Figure, points: Floats) -> Floats:
    """Distance (N,) of points (N, 3) to the nearest part of a person, metres."""
    result = np.empty(len(points), np.float32)
    for first in range(0, len(points), CHUNK):
        chunk = points[first : first + CHUNK]
        distances = [part.shape.distance(chunk) for part in figure.parts]
        result[first : first + CHUNK] = np.min(distances, 0)
    return result


def march(figure: Figure, eye: Array, rays: Floats) -> Floats:
    """Distances (h, w) from an eye (3,) along rays (h, w, 3) to a person; infinite for a miss.

    Sides h and w must be whole blocks. Only rays of blocks that touch the person march separately.
    """
    start = max(_to_hip(figure, eye) - REACH_M * figure.scale, 0.1)
    centres = rays[BLOCK // 2 :: BLOCK, BLOCK // 2 :: BLOCK]
    corners = rays[::BLOCK, ::BLOCK]
    spread = 1.3 * float(np.linalg.norm(centres - corners, axis=-1).max())
    block = np.full(centres.shape[:2], start, np.float32)
    block[:] = _advance(figure, eye, centres.reshape(-1, 3), block.ravel(), spread).reshape(
        block.shape
    )
    distances = block.repeat(BLOCK, 0).repeat(BLOCK, 1).ravel()
    touched = np.flatnonzero(np.isfinite(distances))
    distances[touched] = _advance(
        figure, eye, rays.reshape(-1, 3)[touched], distances[touched], 0.0
    )
    return distances.reshape(rays.shape[:2])


def _advance(figure: Figure, eye: Array, rays: Floats, start: Floats, spread: float) -> Floats:
    """Distances (N,) at which cones around rays (N, 3) touch a person; starts (N,)."""
    distance = start.copy()
    end = _to_hip(figure, eye) + REACH_M * figure.scale
    active = np.arange(len(rays))
    for _ in range(STEPS):
        points = eye + rays[active] * distance[active, None]
        free = gap(figure, points.astype(np.float32)) - np.float32(spread) * distance[active]
        active, free = active[free > HIT_M], free[free > HIT_M]
        distance[active] += np.float32(0.95) * free
        passed = distance[active] > end
        distance[active[passed]] = np.inf
        active = active[~passed]
        if not len(active):
            break
    if spread == 0.0:
        distance[active] = np.inf  # grazes the edge without reaching it
    return distance


def _to_hip(figure: Figure, eye: Array) -> float:
    return float(np.linalg.norm(figure.pose.joints[0] - eye))
