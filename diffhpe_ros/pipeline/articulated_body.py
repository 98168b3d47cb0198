"""A pose as a body with joint angles."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.coherence import bone_lengths
from diffhpe_ros.geometry.joint_angles import body_axes, joint_angles
from diffhpe_ros.skeleton import HIP


@dataclass(frozen=True, eq=False)
class ArticulatedBody:
    """One person as a kinematic chain, see `geometry.kinematic_chain`."""

    position: NDArray[np.float64]
    """(3,) metres, position of the link `body`."""
    axes: NDArray[np.float64]
    """(3, 3) axes of the link `body` as columns."""
    angles: Mapping[str, float]
    """Angles of the revolute joints, in radians."""
    lengths: NDArray[np.float64]
    """(16,) lengths of the bones, in metres."""


def articulated_body(joints: NDArray[Any]) -> ArticulatedBody | None:
    """The body of joints (17, 3) in metres; None for a degenerate pose."""
    axes = body_axes(joints)
    if axes is None:
        return None
    pose = joints.astype(np.float64)
    return ArticulatedBody(pose[HIP], axes, joint_angles(pose, axes), bone_lengths(pose))
