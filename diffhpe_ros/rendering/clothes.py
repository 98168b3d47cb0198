"""A clothed body of simple shapes around the joints of a pose.

All offsets are for a person of 1.75 m and are scaled by the length of the legs.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.rendering.body import HIP, SPINE, THORAX, Array, Pose, unit
from diffhpe_ros.rendering.shapes import Blend, Cone, Ellipsoid, Floats

LEG_LENGTH = 0.85

Shape = Cone | Ellipsoid
Colour = tuple[float, float, float]
"""Red, green, blue reflectance, linear, 0..1."""


@dataclass(frozen=True)
class Clothes:
    """The colours of a person."""

    shirt: Colour = (0.42, 0.035, 0.04)
    trousers: Colour = (0.035, 0.06, 0.15)
    shoes: Colour = (0.62, 0.62, 0.60)
    skin: Colour = (0.66, 0.38, 0.27)
    hair: Colour = (0.035, 0.018, 0.010)


@dataclass(frozen=True)
class BodyPart:
    """One material of the person.

    Attributes:
        shape: the space that it fills.
        colour: the colour of its surface.
        folds: how strongly cloth folds show, 0..1.
    """

    shape: Blend
    colour: Colour
    folds: float = 0.0


class Figure:
    """A clothed person in a pose.

    Args:
        pose: the joints.
        clothes: the colours.
    """

    def __init__(self, pose: Pose, clothes: Clothes = Clothes()):
        self.pose, self.clothes = pose, clothes
        j = pose.joints
        legs = [np.linalg.norm(j[k] - j[k - 1]) + np.linalg.norm(j[k + 1] - j[k]) for k in (2, 5)]
        self.scale = float(np.mean(legs)) / LEG_LENGTH

    @cached_property
    def parts(self) -> list[BodyPart]:
        """The materials; where two overlap, the outer one is visible."""
        left, right = (_Side(self, side) for side in (1.0, -1.0))
        wears = self.clothes
        shirt = [*self._torso(), *left.sleeve(), *right.sleeve()]
        trousers = [*self._seat(), *left.leg(), *right.leg()]
        return [
            BodyPart(Blend(shirt, 0.018), wears.shirt, folds=1.0),
            BodyPart(Blend(trousers, 0.012), wears.trousers, folds=0.8),
            BodyPart(Blend(self._head(), 0.008), wears.skin),
            BodyPart(Blend(self._hair(), 0.008), wears.hair, folds=0.5),
            *(BodyPart(Blend(side.arm(), 0.008), wears.skin) for side in (left, right)),
            *(BodyPart(Blend(side.shoe(), 0.008), wears.shoes) for side in (left, right)),
        ]

    def at(self, joint: int, axes: Array, forward: float, left: float, up: float) -> Array:
        """A point (3,) with an offset from a joint, along the axes of a body part."""
        offset = self.scale * np.array([forward, left, up]) @ axes
        return np.asarray(self.pose.joints[joint] + offset, np.float64)

    def cone(self, start: Array, end: Array, start_radius: float, end_radius: float) -> Cone:
        """A round cone with radii scaled to the person's size."""
        return Cone(start, end, start_radius * self.scale, end_radius * self.scale)

    def head_local(self, points: Floats) -> Floats:
        """Points (N, 3) in head axes, relative to the skull's centre, for a person of 1.75 m."""
        centre = self.at(10, self.pose.head_axes, 0.01, 0, -0.06)
        return ((points - centre) @ self.pose.head_axes.T / self.scale).astype(np.float32)

    def _torso(self) -> list[Shape]:
        chest, pelvis = self.pose.chest_axes, self.pose.pelvis_axes
        shapes: list[Shape] = []
        for side in (1.0, -1.0):
            ribs = self.at(THORAX, chest, 0.02, side * 0.080, -0.11)
            blade = self.at(THORAX, chest, -0.025, side * 0.085, -0.09)
            waist = self.at(SPINE, chest, 0.025, side * 0.055, 0.0)
            hem = self.at(HIP, pelvis, 0.0, side * 0.068, 0.07)
            neck = self.at(THORAX, chest, 0.0, side * 0.030, 0.012)
            shoulder = self.at(11 if side > 0 else 14, chest, 0.0, 0.0, -0.02)
            shapes += [
                self.cone(ribs, waist, 0.088, 0.085),
                self.cone(waist, hem, 0.085, 0.099),
                self.cone(neck, _between(neck, shoulder, 0.9), 0.050, 0.036),
                self.cone(ribs, _between(ribs, shoulder, 0.7), 0.080, 0.050),
                self.cone(blade, _between(blade, shoulder, 0.7), 0.062, 0.050),
            ]
        return shapes

    def _seat(self) -> list[Shape]:
        pelvis = self.pose.pelvis_axes
        shapes: list[Shape] = []
        for side in (1.0, -1.0):
            top = self.at(HIP, pelvis, 0.0, side * 0.06, 0.08)
            low = self.at(HIP, pelvis, 0.0, side * 0.075, -0.02)
            back = self.at(HIP, pelvis, -0.035, side * 0.065, -0.03)
            shapes += [self.cone(top, low, 0.078, 0.085), self.cone(back, back, 0.08, 0.08)]
        return shapes

    def _head(self) -> list[Shape]:
        axes = self.pose.head_axes
        neck_low = self.at(THORAX, self.pose.chest_axes, 0.005, 0, 0.0)
        shapes: list[Shape] = [
            self.cone(neck_low, self.at(10, axes, -0.012, 0, -0.12), 0.055, 0.052),
            self._ellipsoid((0.0, 0, -0.06), (0.096, 0.076, 0.100)),
            self._ellipsoid((0.028, 0, -0.115), (0.066, 0.058, 0.076)),
            self._ellipsoid((0.098, 0, -0.108), (0.024, 0.013, 0.017)),
            self._ellipsoid((0.090, 0, -0.088), (0.014, 0.010, 0.026)),
        ]
        return shapes + [
            self._ellipsoid((0.0, side * 0.078, -0.085), (0.019, 0.011, 0.030))
            for side in (1.0, -1.0)
        ]

    def _hair(self) -> list[Shape]:
        return [
            self._ellipsoid((-0.012, 0, -0.042), (0.098, 0.085, 0.092)),
            self._ellipsoid((-0.035, 0, -0.085), (0.068, 0.076, 0.070)),
        ]

    def _ellipsoid(self, offset: tuple[float, float, float], radii: Any) -> Ellipsoid:
        axes = self.pose.head_axes
        forward, left, up = offset
        centre = self.at(10, axes, forward + 0.01, left, up)
        return Ellipsoid(centre, np.asarray(radii) * self.scale, axes)


class _Side:
    """The limbs of the left (side 1) or right (side -1) half."""

    def __init__(self, figure: Figure, side: float):
        self.figure, self.side = figure, side
        joints = figure.pose.joints
        leg, arm = (4, 11) if side > 0 else (1, 14)
        self.hip, self.knee, self.ankle = joints[leg : leg + 3]
        self.shoulder, self.elbow, self.wrist = joints[arm : arm + 3]
        self.toe = figure.pose.toes[0 if side > 0 else 1]

    def sleeve(self) -> list[Shape]:
        top = _between(self.shoulder, self.elbow, 0.08)
        end = _between(self.shoulder, self.elbow, 0.62)
        return [self.figure.cone(top, end, 0.052, 0.049)]

    def arm(self) -> list[Shape]:
        f = self.figure
        reach = unit(self.wrist - self.elbow)
        thumb_side = f.pose.chest_axes[0] - (f.pose.chest_axes[0] @ reach) * reach
        knuckles = self.wrist + 0.085 * f.scale * reach
        tips = knuckles + 0.085 * f.scale * unit(reach + 0.2 * thumb_side)
        thumb = self.wrist + f.scale * (0.085 * reach + 0.045 * unit(thumb_side))
        belly = _between(self.elbow, self.wrist, 0.25)
        return [
            f.cone(_between(self.shoulder, self.elbow, 0.55), self.elbow, 0.044, 0.038),
            f.cone(self.elbow, belly, 0.038, 0.042),
            f.cone(belly, self.wrist, 0.042, 0.026),
            f.cone(self.wrist, knuckles, 0.025, 0.032),
            f.cone(knuckles, tips, 0.028, 0.013),
            f.cone(_between(self.wrist, thumb, 0.2), thumb, 0.016, 0.012),
        ]

    def leg(self) -> list[Shape]:
        f = self.figure
        back = -0.012 * f.scale * f.pose.pelvis_axes[0]
        calf = _between(self.knee, self.ankle, 0.3) + back
        return [
            f.cone(self.hip, self.knee, 0.084, 0.058),
            f.cone(self.knee, calf, 0.056, 0.060),
            f.cone(calf, _between(self.knee, self.ankle, 0.97), 0.060, 0.050),
        ]

    def shoe(self) -> list[Shape]:
        f = self.figure
        forward, _, up = _foot_axes(self.knee, self.ankle, self.toe)
        heel = self.ankle + f.scale * (-0.05 * forward - 0.045 * up)
        tip = self.toe - 0.035 * f.scale * forward
        instep = self.ankle + f.scale * (0.05 * forward - 0.035 * up)
        return [
            f.cone(heel, tip, 0.040, 0.036),
            f.cone(tip, self.toe, 0.036, 0.030),
            f.cone(self.ankle, heel, 0.038, 0.040),
            f.cone(self.ankle, instep, 0.040, 0.040),
        ]


def _foot_axes(knee: Array, ankle: Array, toe: Array) -> Array:
    """Rows forward, left, up (3, 3) of a foot whose toe tip is 19 degrees below its ankle."""
    to_toe = unit(toe - ankle)
    left = unit(np.cross(knee - ankle, to_toe))
    lifted = np.cross(to_toe, left)
    forward = np.cos(0.33) * to_toe + np.sin(0.33) * lifted
    return np.stack([forward, left, np.cross(forward, left)])


def _between(start: NDArray[Any], end: NDArray[Any], share: float) -> Array:
    return np.asarray(start + share * (end - start), np.float64)


def paint_face(colours: Floats, local: Floats, brows: Colour) -> None:
    """Paint eyes, brows and mouth over skin.

    Args:
        colours: (N, 3) linear reflectance, changed in place.
        local: (N, 3) the points in head axes (`Figure.head_local`).
        brows: the brows' colour.
    """
    x, y, z = local.T
    front = x > 0.03
    beside = np.abs(y) - 0.032
    white = front & ((beside / 0.015) ** 2 + ((z + 0.015) / 0.008) ** 2 < 1)
    iris = front & (np.hypot(beside, z + 0.015) < 0.008)
    brow = front & (np.abs(beside) < 0.018) & (np.abs(z - 0.004 + 0.05 * beside) < 0.005)
    mouth = front & ((y / 0.026) ** 2 + ((z + 0.088) / 0.008) ** 2 < 1)
    for where, colour in (
        (white, (0.75, 0.73, 0.70)),
        (iris, (0.02, 0.015, 0.01)),
        (brow, brows),
        (mouth, (0.35, 0.10, 0.09)),
    ):
        colours[where] = colour
