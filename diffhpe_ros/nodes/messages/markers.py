"""Topic `skeletons`: people as RViz markers."""

from collections.abc import Iterable
from copy import copy

import numpy as np
from builtin_interfaces.msg import Duration
from geometry_msgs.msg import Point, Pose, Quaternion, Vector3
from numpy.typing import NDArray
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

from diffhpe_ros.drawing.style import COLOURS
from diffhpe_ros.nodes.messages.header import make_header
from diffhpe_ros.nodes.messages.rotation import quaternions
from diffhpe_ros.nodes.types import LiftedPeople
from diffhpe_ros.skeleton import BONES, NUM_JOINTS

BONES_ID, JOINTS_ID, FIRST_ELLIPSOID_ID = 0, 1, 2
_BONE_M, _JOINT_M, _SMALLEST_M = 0.02, 0.05, 0.001
_ELLIPSOID_ALPHA = 0.3
_COLOURS = [ColorRGBA(r=r / 255, g=g / 255, b=b / 255, a=1.0) for b, g, r in COLOURS]
_FAINT = [ColorRGBA(r=c.r, g=c.g, b=c.b, a=_ELLIPSOID_ALPHA) for c in _COLOURS]
# What all people's markers have in common: a copy is made in a quarter of the time of a new one.
_BONES = Marker(
    id=BONES_ID,
    type=Marker.LINE_LIST,
    scale=Vector3(x=_BONE_M),
    color=_COLOURS[0],
    colors=[_COLOURS[child] for _, child in BONES for _ in range(2)],
)
_BALLS = Marker(
    id=JOINTS_ID,
    type=Marker.SPHERE_LIST,
    scale=Vector3(x=_JOINT_M, y=_JOINT_M, z=_JOINT_M),
    color=_COLOURS[0],
    colors=_COLOURS,
)
_ELLIPSOIDS = [
    Marker(id=FIRST_ELLIPSOID_ID + joint, type=Marker.SPHERE, color=colour)
    for joint, colour in enumerate(_FAINT)
]


def namespace(frame_id: str, person: int) -> str:
    """The markers' namespace of a person, the same for as long as the person is followed."""
    return f"{frame_id}/person_{person}"


def pack_skeletons(
    people: LiftedPeople, gone: Iterable[int], lifetime_s: float, ellipsoids: bool
) -> MarkerArray:
    """Bones, joints and one-sigma ellipsoids of the people who have a place.

    Args:
        people: who is there.
        gone: numbers of people whose markers are to be deleted.
        lifetime_s: seconds after which RViz removes markers that are not renewed.
        ellipsoids: whether to add them.
    """
    header, lifetime = make_header(people.frame_id, people.stamp_ns), _duration(lifetime_s)
    markers: list[Marker] = delete_skeletons(people.frame_id, people.stamp_ns, gone).markers
    for row in np.flatnonzero(people.placed):
        joints = people.joints[row].astype(np.float64)
        drawn = _skeleton(joints)
        if ellipsoids:
            drawn += _ellipsoids(joints, people.covariance[row].astype(np.float64))
        name = namespace(people.frame_id, people.persons[row])
        for marker in drawn:
            marker.header, marker.ns, marker.lifetime = header, name, lifetime
        markers += drawn
    return MarkerArray(markers=markers)


def delete_skeletons(frame_id: str, stamp_ns: int, persons: Iterable[int]) -> MarkerArray:
    """Remove people's markers, whatever was drawn of them."""
    header = make_header(frame_id, stamp_ns)
    return MarkerArray(markers=[each for person in persons for each in _delete(header, person)])


def _skeleton(joints: NDArray[np.float64]) -> list[Marker]:
    """Bones and joints (17, 3)."""
    bones, balls = copy(_BONES), copy(_BALLS)
    balls.points = [Point(x=x, y=y, z=z) for x, y, z in joints.tolist()]
    bones.points = [balls.points[end] for bone in BONES for end in bone]
    return [bones, balls]


def _ellipsoids(joints: NDArray[np.float64], covariance: NDArray[np.float64]) -> list[Marker]:
    """One-sigma ellipsoids of joints (17, 3) with covariances (17, 3, 3)."""
    # Not a point, which RViz warns of, where the covariance is 0 or unknown.
    variances, axes = np.linalg.eigh(np.nan_to_num(covariance))
    diameters = np.maximum(2 * np.sqrt(np.maximum(variances, 0)), _SMALLEST_M)
    markers = [copy(each) for each in _ELLIPSOIDS]
    values = np.concatenate([joints, quaternions(axes), diameters], -1).tolist()
    for marker, (x, y, z, qx, qy, qz, qw, a, b, c) in zip(markers, values, strict=True):
        turned = Quaternion(x=qx, y=qy, z=qz, w=qw)
        marker.pose = Pose(position=Point(x=x, y=y, z=z), orientation=turned)
        marker.scale = Vector3(x=a, y=b, z=c)
    return markers


def _delete(header: Header, person: int) -> list[Marker]:
    name = namespace(header.frame_id, person)
    return [
        Marker(header=header, ns=name, id=number, action=Marker.DELETE)
        for number in range(FIRST_ELLIPSOID_ID + NUM_JOINTS)
    ]


def _duration(seconds: float) -> Duration:
    whole, rest = divmod(round(seconds * 1e9), 1_000_000_000)
    return Duration(sec=whole, nanosec=rest)
