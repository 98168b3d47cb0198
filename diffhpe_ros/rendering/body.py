"""A body: from joints and directions to the axes of its rigid parts.

World frame: metres, z up, right-handed. Body axes: x forward, y to the body's left, z up.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.errors import DiffhpeError

Array = NDArray[np.float64]

HIP, R_HIP, L_HIP, SPINE, THORAX, NECK, HEAD = 0, 1, 4, 7, 8, 9, 10
L_SHOULDER, R_SHOULDER = 11, 14


@dataclass(frozen=True)
class Pose:
    """One body at one instant, with only the data that motion capture gives.

    Attributes:
        joints: (17, 3) Human3.6M joints, world metres.
        head_forward: (3,) unit vector, where the face looks.
        toes: (2, 3) tips of the left and right toes, world metres.
    """

    joints: Array
    head_forward: Array
    toes: Array

    def __post_init__(self) -> None:
        shapes = (self.joints.shape, self.head_forward.shape, self.toes.shape)
        if shapes != ((17, 3), (3,), (2, 3)):
            raise DiffhpeError(
                f"a pose needs joints (17, 3), head_forward (3,), toes (2, 3), got {shapes}"
            )

    @property
    def pelvis_axes(self) -> Array:
        """(3, 3), rows: the pelvis' forward, left and up."""
        return axes_of(self.joints[L_HIP] - self.joints[R_HIP], self.joints[SPINE] - self.joints[0])

    @property
    def chest_axes(self) -> Array:
        """(3, 3), rows: the rib cage's forward, left and up."""
        return axes_of(
            self.joints[L_SHOULDER] - self.joints[R_SHOULDER],
            self.joints[THORAX] - self.joints[SPINE],
        )

    @property
    def head_axes(self) -> Array:
        """(3, 3), rows: the head's forward, left and up."""
        skull_base = self.joints[NECK] - 0.05 * self.head_forward
        left = np.cross(self.joints[HEAD] - skull_base, self.head_forward)
        return axes_of(left, np.cross(self.head_forward, left))


@dataclass(frozen=True)
class Proportions:
    """Bone lengths and offsets of a person of 1.75 m, in metres; vectors are in body axes.

    They are means over walking people in the CMU motion capture, made symmetric and scaled.
    """

    hip: tuple[float, float, float] = (0.0, 0.095, 0.0)
    thigh: float = 0.42
    shank: float = 0.43
    ankle_height: float = 0.085
    heel: tuple[float, float, float] = (-0.05, 0.0, -0.045)
    toe: tuple[float, float, float] = (0.16, 0.0, -0.055)
    spine: tuple[float, float, float] = (-0.02, 0.0, 0.22)
    thorax: tuple[float, float, float] = (0.0, 0.0, 0.29)
    shoulder: tuple[float, float, float] = (-0.01, 0.19, 0.0)
    upper_arm: float = 0.29
    forearm: float = 0.26
    skull_base: tuple[float, float, float] = (-0.012, 0.0, 0.14)
    head: tuple[float, float, float] = (0.016, 0.0, 0.108)


def axes_of(left: NDArray[Any], up: NDArray[Any]) -> Array:
    """Orthonormal forward, left, up rows (3, 3) from a left (3,) and a rough up (3,)."""
    y = unit(left)
    x = unit(np.cross(y, up))
    return np.stack([x, y, np.cross(x, y)])


def unit(vector: NDArray[Any]) -> Array:
    """The vectors (..., 3) scaled to length 1."""
    return np.asarray(vector / np.linalg.norm(vector, axis=-1, keepdims=True), np.float64)


def turn(yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0) -> Array:
    """Rotation (3, 3) for column vectors in body axes, radians.

    Positive yaw turns to the left, positive pitch leans forward, positive roll leans to the right.
    """
    cy, sy, cp, sp, cr, sr = (f(a) for a in (yaw, pitch, roll) for f in (np.cos, np.sin))
    about_z = np.array([[cy, -sy, 0], [sy, cy, 0], [0, 0, 1]])
    about_y = np.array([[cp, 0, sp], [0, 1, 0], [-sp, 0, cp]])
    about_x = np.array([[1, 0, 0], [0, cr, -sr], [0, sr, cr]])
    return np.asarray(about_z @ about_y @ about_x, np.float64)
