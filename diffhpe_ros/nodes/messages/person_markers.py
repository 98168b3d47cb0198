"""A person as RViz markers: bones, joints, head, a disc on the floor and a label."""

from math import dist, sqrt
from textwrap import wrap

import numpy as np
from geometry_msgs.msg import Point, Pose, Quaternion, Vector3
from numpy.typing import NDArray
from std_msgs.msg import ColorRGBA
from visualization_msgs.msg import Marker

from diffhpe_ros.drawing.style import LEFT, RIGHT, Colour
from diffhpe_ros.nodes.messages.prototype import Prototype
from diffhpe_ros.skeleton import BONES, HIP, LEFT_JOINTS, NUM_JOINTS, RIGHT_JOINTS

BONES_ID, JOINTS_ID, HEAD_ID, FLOOR_ID, LABEL_ID = NUMBERS = range(5)

_LEFT_FOOT, _RIGHT_FOOT, _NOSE, _HEAD = 6, 3, 9, 10
_BONE_M, _JOINT_M, _HEAD_M = 0.045, 0.055, 0.2
_DISC_M, _DISC_HEIGHT_M, _DISC_ALPHA = 0.6, 0.03, 0.9
_SOLE_M = 0.08  # the sole, below the joint `Foot`, which is the ankle
_ABOVE_M = 0.1  # the label, above the highest joint
_LABEL_WIDTH = 14  # characters


def rgba(colour: Colour, alpha: float = 1.0) -> ColorRGBA:
    """Convert a drawing colour (blue, green, red) to a message."""
    blue, green, red = colour
    return ColorRGBA(r=red / 255, g=green / 255, b=blue / 255, a=alpha)


JOINT_COLOURS: tuple[Colour, ...] = tuple(
    LEFT if joint in LEFT_JOINTS else RIGHT if joint in RIGHT_JOINTS else (215, 222, 225)
    for joint in range(NUM_JOINTS)
)
"""Colours of each joint and of the bone that ends at it, for RViz's dark background."""
_GREEN, _AMBER, _WHITE = (120, 240, 90), (20, 170, 255), (240, 240, 240)
_GUESSED_ALPHA = 0.3
_SEEN = [rgba(colour) for colour in JOINT_COLOURS]
_GUESSED = [rgba(colour, _GUESSED_ALPHA) for colour in JOINT_COLOURS]
# RViz ignores transparency in a line list's `colors` unless its `color` is transparent.
_BLENDED = ColorRGBA(a=0.99)

_BONES = Prototype(
    Marker(
        id=BONES_ID,
        type=Marker.LINE_LIST,
        scale=Vector3(x=_BONE_M),
        color=_SEEN[0],
        colors=[_SEEN[child] for _, child in BONES for _ in range(2)],
    )
)
_BALLS = Prototype(
    Marker(
        id=JOINTS_ID,
        type=Marker.SPHERE_LIST,
        scale=Vector3(x=_JOINT_M, y=_JOINT_M, z=_JOINT_M),
        color=_SEEN[0],
        colors=_SEEN,
    )
)
_HEADS = [
    Prototype(
        Marker(
            id=HEAD_ID,
            type=Marker.SPHERE,
            scale=Vector3(x=_HEAD_M, y=_HEAD_M, z=_HEAD_M),
            color=rgba(colour),
        )
    )
    for colour in (JOINT_COLOURS[_HEAD], _AMBER)
]
"""Without and with a plausibility warning; likewise the next constants."""
_FLOORS = [
    Prototype(
        Marker(
            id=FLOOR_ID,
            type=Marker.CYLINDER,
            scale=Vector3(x=_DISC_M, y=_DISC_M, z=_DISC_HEIGHT_M),
            color=rgba(colour, _DISC_ALPHA),
        )
    )
    for colour in (_GREEN, _AMBER)
]
_LABELS = [
    Prototype(Marker(id=LABEL_ID, type=Marker.TEXT_VIEW_FACING, color=rgba(colour)))
    for colour in (_WHITE, _AMBER)
]
_POSE, _UPRIGHT = Prototype(Pose()), Quaternion()


class PersonMarkers:
    """Draws people in a frame with a known up direction.

    Args:
        up: (3,) unit vector against gravity.
        viewpoint: (3,) position of the camera; labels show the distance from it.
    """

    def __init__(
        self,
        up: tuple[float, float, float],
        viewpoint: tuple[float, float, float] = (0.0, 0.0, 0.0),
    ) -> None:
        self._viewpoint = viewpoint
        self._up = np.array(up)
        self._x, self._y, self._z = up
        self._flat = _from_z_to(*up)

    def draw(
        self, person: int, joints: NDArray[np.float64], seen: NDArray[np.bool_], warning: str
    ) -> list[Marker]:
        """The markers with the ids `NUMBERS`; header, namespace and lifetime are still to be set.

        Args:
            person: track id.
            joints: (17, 3) metres.
            seen: (17,) whether a joint was seen; the others are guesses and drawn transparent.
            warning: why the pose must not be trusted; "" for none.
        """
        places: list[list[float]] = joints.tolist()
        heights: list[float] = (joints @ self._up).tolist()
        bones, balls = _skeleton(places, seen.tolist())
        head = _HEADS[bool(warning)]()
        head.pose = _pose(_between(places[_NOSE], places[_HEAD]), _UPRIGHT)
        floor = _FLOORS[bool(warning)]()
        feet = _between(places[_LEFT_FOOT], places[_RIGHT_FOOT])
        floor.pose = _pose(self._at(feet, min(heights) - _SOLE_M), self._flat)
        label = _LABELS[bool(warning)]()
        label.text, lines, size = _text(person, dist(places[HIP], self._viewpoint), warning)
        label.scale = Vector3(z=size)
        above = max(heights) + _ABOVE_M + lines * size / 2
        label.pose = _pose(self._at(places[_HEAD], above), _UPRIGHT)
        return [bones, balls, head, floor, label]

    def _at(self, place: list[float], height: float) -> list[float]:
        """The point straight above or below a place, at a height in metres along `up`."""
        x, y, z = place
        rise = height - (x * self._x + y * self._y + z * self._z)
        return [x + rise * self._x, y + rise * self._y, z + rise * self._z]


def _skeleton(places: list[list[float]], seen: list[bool]) -> tuple[Marker, Marker]:
    """Bones and joints at 17 places."""
    bones, balls = _BONES(), _BALLS()
    balls.points = points = [_point(place) for place in places]
    bones.points = [points[end] for bone in BONES for end in bone]
    if not all(seen):
        bones.color = _BLENDED
        ends = [(_SEEN if seen[a] and seen[b] else _GUESSED)[b] for a, b in BONES]
        bones.colors = [colour for colour in ends for _ in range(2)]
        balls.colors = [(_SEEN if seen[k] else _GUESSED)[k] for k in range(NUM_JOINTS)]
    return bones, balls


def _text(person: int, distance: float, warning: str) -> tuple[str, int, float]:
    """The label, its number of lines, and how high they are in metres.

    Letters grow with the distance, so that labels far away can be read, too.
    """
    text, height = f"#{person}  {distance:.1f} m", 0.13 + 0.015 * distance
    if not warning:
        return text, 1, height
    # Only the first reason, without its limit: labels must be small for people side by side.
    reason = warning.removeprefix("do not trust: ").split(";")[0].split(",")[0]
    rows = [text, "do not trust:", *wrap(reason, _LABEL_WIDTH)]
    return "\n".join(rows), len(rows), 0.7 * height


def _point(place: list[float]) -> Point:
    return Point(x=place[0], y=place[1], z=place[2])


def _pose(place: list[float], orientation: Quaternion) -> Pose:
    pose = _POSE()
    pose.position, pose.orientation = _point(place), orientation
    return pose


def _between(a: list[float], b: list[float]) -> list[float]:
    return [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2, (a[2] + b[2]) / 2]


def _from_z_to(x: float, y: float, z: float) -> Quaternion:
    """The shortest rotation of the z axis to a unit vector."""
    if z < -1 + 1e-9:
        return Quaternion(x=1.0, w=0.0)
    length = sqrt(x * x + y * y + (1 + z) ** 2)
    return Quaternion(x=-y / length, y=x / length, w=(1 + z) / length)
