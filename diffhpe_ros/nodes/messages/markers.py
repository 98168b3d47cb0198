"""Topic `skeletons`: people as RViz markers."""

from collections.abc import Iterable, Sequence

import numpy as np
from builtin_interfaces.msg import Duration
from std_msgs.msg import Header
from visualization_msgs.msg import Marker, MarkerArray

from diffhpe_ros.nodes.messages.ellipsoids import draw_ellipsoids
from diffhpe_ros.nodes.messages.header import make_header
from diffhpe_ros.nodes.messages.person_markers import NUMBERS, PersonMarkers
from diffhpe_ros.pipeline.people import LiftedPeople
from diffhpe_ros.skeleton import NUM_JOINTS

_IDS = 2**31  # of markers, from 0
_LEVEL_CAMERA = PersonMarkers(up=(0.0, -1.0, 0.0))
"""Gravity is not known: the camera, whose y axis points down, is taken to be level."""


def namespace(frame_id: str, person: int) -> str:
    """The namespace of a person's body, the same for the life of the track."""
    return f"{frame_id}/person_{person}"


def ellipsoid_namespace(frame_id: str) -> str:
    """The namespace of all people's ellipsoids, so that one click in RViz hides them."""
    return f"ellipsoids/{frame_id}"


def ellipsoid_ids(person: int) -> range:
    """The ids of a person's 17 ellipsoids."""
    first = person % (_IDS // NUM_JOINTS) * NUM_JOINTS
    return range(first, first + NUM_JOINTS)


def pack_skeletons(
    people: LiftedPeople,
    warnings: Sequence[str],
    removed: Iterable[int],
    lifetime_s: float,
    ellipsoids: bool,
) -> MarkerArray:
    """Bodies, labels and one-sigma ellipsoids of the people whose position is known.

    Args:
        people: of one camera.
        warnings: plausibility warnings, one text per person; "" for none.
        removed: track ids whose markers are to be deleted.
        lifetime_s: seconds after which RViz deletes markers that are not sent again.
        ellipsoids: add the ellipsoids.
    """
    header, lifetime = make_header(people.frame_id, people.stamp_ns), _duration(lifetime_s)
    markers: list[Marker] = delete_skeletons(people.frame_id, people.stamp_ns, removed).markers
    for row in np.flatnonzero(people.placed).tolist():
        person, joints = people.track_ids[row], people.joints[row].astype(np.float64)
        drawn = _LEVEL_CAMERA.draw(person, joints, people.confidence[row] > 0, warnings[row])
        name = namespace(people.frame_id, person)
        for marker in drawn:
            marker.header, marker.ns, marker.lifetime = header, name, lifetime
        markers += drawn
        if ellipsoids:
            drawn = draw_ellipsoids(joints, people.covariance[row].astype(np.float64))
            name = ellipsoid_namespace(people.frame_id)
            for number, marker in zip(ellipsoid_ids(person), drawn, strict=True):
                marker.header, marker.ns, marker.lifetime = header, name, lifetime
                marker.id = number
            markers += drawn
    return MarkerArray(markers=markers)


def delete_skeletons(frame_id: str, stamp_ns: int, track_ids: Iterable[int]) -> MarkerArray:
    """The message that deletes all markers of tracks."""
    header = make_header(frame_id, stamp_ns)
    return MarkerArray(markers=[each for person in track_ids for each in _delete(header, person)])


def _delete(header: Header, person: int) -> list[Marker]:
    body, ellipsoids = namespace(header.frame_id, person), ellipsoid_namespace(header.frame_id)
    names = [(body, number) for number in NUMBERS]
    names += [(ellipsoids, number) for number in ellipsoid_ids(person)]
    return [
        Marker(header=header, ns=name, id=number, action=Marker.DELETE) for name, number in names
    ]


def _duration(seconds: float) -> Duration:
    whole, rest = divmod(round(seconds * 1e9), 1_000_000_000)
    return Duration(sec=whole, nanosec=rest)
