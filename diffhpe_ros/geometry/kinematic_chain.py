"""The human body as a kinematic chain, named as in ros4hri's human_description.

That chain cannot reach every pose of 17 joints: its shoulders, hips and head are fixed on a rigid
trunk. So joints of the spine, the neck, the clavicles and the pelvis are added; they are 0 in its
neutral pose. Limbs point along the -z axes of their links, the trunk along z.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

ROOT = "body"
"""The link between the hips: x forward, y to the left, z towards the Thorax."""


@dataclass(frozen=True)
class ChainJoint:
    """A joint, from its parent link to its child link."""

    name: str
    parent: str
    child: str
    axis: tuple[float, float, float] | None = None
    """Axis of its rotation; None for a fixed joint."""
    bone: int | None = None
    """The parent's bone at whose end the joint is; None: it is at the parent's origin."""
    along: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Direction of that bone in the parent."""

    def offset(self, lengths: NDArray[np.float64]) -> Array:
        """Position in the parent, metres, for bones of these lengths (16,)."""
        length = 0.0 if self.bone is None else float(lengths[self.bone - 1])
        return length * np.array(self.along)


_X, _Y, _Z = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
_UP, _DOWN = (0.0, 0.0, 1.0), (0.0, 0.0, -1.0)


def _trunk() -> list[ChainJoint]:
    return [
        ChainJoint("waist", ROOT, "p_waist", _Y),
        ChainJoint("r_waist", "p_waist", "r_waist", _X),
        ChainJoint("spine", "r_waist", "waist", None, 7, _UP),
        ChainJoint("p_torso", "waist", "p_torso", _Y),
        ChainJoint("r_torso", "p_torso", "r_torso", _X),
        ChainJoint("y_torso", "r_torso", "y_torso", _Z),
        ChainJoint("torso", "y_torso", "torso", None, 8, _UP),
        ChainJoint("p_neck", "torso", "p_neck", _Y),
        ChainJoint("r_neck", "p_neck", "r_neck", _X),
        ChainJoint("nose", "r_neck", "nose", None, 9, _UP),
        ChainJoint("r_head", "nose", "r_head", _X),
        ChainJoint("y_head", "r_head", "y_head", _Z),
        ChainJoint("p_head", "y_head", "p_head", (0.0, -1.0, 0.0)),
        ChainJoint("head", "p_head", "head", None, 10, _UP),
    ]


def _arm(side: str, sign: float, shoulder: int) -> list[ChainJoint]:
    return [
        ChainJoint(f"{side}_y_clavicle", "torso", f"{side}_y_clavicle", _Z),
        ChainJoint(f"{side}_p_clavicle", f"{side}_y_clavicle", f"{side}_p_clavicle", _X),
        ChainJoint(
            f"{side}_clavicle", f"{side}_p_clavicle", f"{side}_clavicle",
            None, shoulder, (0.0, sign, 0.0),
        ),
        ChainJoint(f"{side}_y_shoulder", f"{side}_clavicle", f"{side}_y_shoulder", (0, 0, -sign)),
        ChainJoint(f"{side}_p_shoulder", f"{side}_y_shoulder", f"{side}_p_shoulder", (sign, 0, 0)),
        ChainJoint(f"{side}_r_shoulder", f"{side}_p_shoulder", f"{side}_shoulder", (0, 0, sign)),
        ChainJoint(
            f"{side}_elbow", f"{side}_shoulder", f"{side}_elbow",
            (0.0, -1.0, 0.0), shoulder + 1, _DOWN,
        ),
        ChainJoint(f"{side}_wrist", f"{side}_elbow", f"{side}_wrist", None, shoulder + 2, _DOWN),
    ]  # fmt: skip


def _leg(side: str, sign: float, hip: int) -> list[ChainJoint]:
    return [
        ChainJoint(f"{side}_y_pelvis", ROOT, f"{side}_y_pelvis", _Z),
        ChainJoint(f"{side}_p_pelvis", f"{side}_y_pelvis", f"{side}_p_pelvis", _X),
        ChainJoint(
            f"{side}_pelvis", f"{side}_p_pelvis", f"{side}_pelvis", None, hip, (0.0, sign, 0.0)
        ),
        ChainJoint(f"{side}_y_hip", f"{side}_pelvis", f"{side}_y_hip", (0.0, 0.0, -1.0)),
        ChainJoint(f"{side}_p_hip", f"{side}_y_hip", f"{side}_p_hip", (sign, 0.0, 0.0)),
        ChainJoint(f"{side}_r_hip", f"{side}_p_hip", f"{side}_hip", (0.0, -1.0, 0.0)),
        ChainJoint(f"{side}_knee", f"{side}_hip", f"{side}_knee", (0.0, -1.0, 0.0), hip + 1, _DOWN),
        ChainJoint(f"{side}_ankle", f"{side}_knee", f"{side}_ankle", None, hip + 2, _DOWN),
    ]


CHAIN: Sequence[ChainJoint] = (
    *_trunk(), *_arm("l", 1.0, 11), *_arm("r", -1.0, 14), *_leg("l", 1.0, 4), *_leg("r", -1.0, 1),
)  # fmt: skip
"""Parents come before their children."""

ANGLES = tuple(joint.name for joint in CHAIN if joint.axis is not None)
"""The rotating joints."""

LINKS: Mapping[int, str] = {
    1: "r_hip", 2: "r_knee", 3: "r_ankle", 4: "l_hip", 5: "l_knee", 6: "l_ankle",
    7: "waist", 8: "torso", 9: "nose", 10: "head",
    11: "l_shoulder", 12: "l_elbow", 13: "l_wrist", 14: "r_shoulder", 15: "r_elbow", 16: "r_wrist",
}  # fmt: skip
"""Joint of the skeleton → the link with its origin there, as in REP-155; `nose` is ours."""


def forward(
    angles: Mapping[str, float], lengths: NDArray[np.float64]
) -> dict[str, tuple[Array, Array]]:
    """The poses of the links.

    Args:
        angles: of the rotating joints, radians.
        lengths: (16,) of the bones, metres.

    Returns:
        Link → rotation (3, 3) and position (3,) in the link `body`.
    """
    found = {ROOT: (np.eye(3), np.zeros(3))}
    for joint in CHAIN:
        rotation, position = found[joint.parent]
        position = position + rotation @ joint.offset(lengths)
        if joint.axis is not None:
            rotation = rotation @ about(joint.axis, angles[joint.name])
        found[joint.child] = rotation, position
    return found


def about(axis: Sequence[float], angle: float) -> Array:
    """The rotation (3, 3) by an angle about one of the axes x, y or z, or its opposite."""
    number = int(np.abs(axis).argmax())
    first, second = (number + 1) % 3, (number + 2) % 3
    cosine, sine = np.cos(angle), np.sin(angle) * axis[number]
    turn = np.eye(3)
    turn[first, first] = turn[second, second] = cosine
    turn[first, second], turn[second, first] = -sine, sine
    return turn
