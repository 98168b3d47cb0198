"""Boxes in the room, and tables and desks made of boxes; in world metres."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.rendering.body import Array
from diffhpe_ros.rendering.shapes import Floats

WOOD, PANEL, MONITOR = (0.36, 0.24, 0.14), (0.30, 0.31, 0.33), (0.02, 0.02, 0.025)
_FACES = np.array([0.75, 0.9, 1.1], np.float32)
"""Light on faces perpendicular to x, y and z: the lamp hangs above."""
_TOP_M, _LEG_M, _PANEL_M = 0.04, 0.06, 0.02


@dataclass(frozen=True)
class Box:
    """A box aligned with the room's axes."""

    low: tuple[float, float, float]
    """The corner with the smallest x, y and z."""
    high: tuple[float, float, float]
    """The corner with the largest."""
    colour: tuple[float, float, float]
    """Red, green, blue reflectance, linear, 0..1."""

    def distances(self, origin: Array, directions: Floats) -> tuple[Floats, NDArray[np.intp]]:
        """Where rays (..., 3) from an origin (3,) outside the box enter it.

        Returns:
            Distances (...), infinite for rays that miss the box, and the axes (...) perpendicular
            to the hit faces.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            first, second = (
                (np.array(each) - origin) / directions for each in (self.low, self.high)
            )
        near, far = np.minimum(first, second), np.maximum(first, second)
        enter, leave = near.max(-1), far.min(-1)
        hit = (enter <= leave) & (enter > 0)
        return np.where(hit, enter, np.inf).astype(np.float32), near.argmax(-1)


def table(x: float, y: float, width: float, depth: float, height: float) -> list[Box]:
    """A top on four legs.

    Args:
        x: of its centre.
        y: of its centre.
        width: along x.
        depth: along y.
        height: of the top's upper side.
    """
    left, right, front, back = x - width / 2, x + width / 2, y - depth / 2, y + depth / 2
    boxes = [Box((left, front, height - _TOP_M), (right, back, height), WOOD)]
    for leg_x in (left, right - _LEG_M):
        for leg_y in (front, back - _LEG_M):
            corner = (leg_x + _LEG_M, leg_y + _LEG_M, height - _TOP_M)
            boxes.append(Box((leg_x, leg_y, 0.0), corner, WOOD))
    return boxes


def desk(x: float, y: float, width: float, depth: float, height: float) -> list[Box]:
    """A `table` with a panel in front from the floor to the top, and a monitor's back."""
    front, top = y - depth / 2, height - _TOP_M
    panel = Box((x - width / 2, front, 0.0), (x + width / 2, front + _PANEL_M, top), PANEL)
    left = x - 0.35 * width
    monitor = Box((left, y - 0.05, height), (left + 0.5, y, height + 0.36), MONITOR)
    return [*table(x, y, width, depth, height), panel, monitor]


def stool(x: float, y: float) -> Box:
    """A low block to sit on, centred at x and y."""
    return Box((x - 0.17, y - 0.17, 0.0), (x + 0.17, y + 0.17, 0.34), PANEL)


def nearest(boxes: Iterable[Box], origin: Array, directions: Floats) -> tuple[Floats, Floats]:
    """Where rays (..., 3) from an origin (3,) first hit one of several boxes.

    Returns:
        Distances (...), infinite where they hit none, and linear colours (..., 3) there.
    """
    distance = np.full(directions.shape[:-1], np.inf, np.float32)
    colours = np.zeros(directions.shape, np.float32)
    for box in boxes:
        own, face = box.distances(origin, directions)
        nearer = own < distance
        distance[nearer] = own[nearer]
        colours[nearer] = _FACES[face[nearer], None] * np.array(box.colour, np.float32)
    return distance, colours
