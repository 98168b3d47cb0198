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

_IDS = 2**31  # number of marker ids, from 0


def namespace(camera: str, person: int) -> str:
    """The namespace of a person's body, the same for the life of the track."""
    return f"{camera}/person_{person}"


def ellipsoid_namespace(camera: str) -> str:
    """The namespace of all people's ellipsoids, so that one click in RViz hides them."""
    return f"ellipsoids/{camera}"


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
        people: people of one camera.
        warnings: plausibility warnings, one text per person; "" for none.
        removed: track ids whose markers must be deleted.
        lifetime_s: seconds after which RViz deletes markers that are not sent again.
        ellipsoids: whether to add the ellipsoids.
    """
    header, lifetime = make_header(people.frame_id, people.stamp_ns), _duration(lifetime_s)
    markers: list[Marker] = delete_skeletons(people.camera, header, removed).markers
    artist = PersonMarkers(people.up, people.viewpoint)
    for row in np.flatnonzero(people.located).tolist():
        person, joints = people.track_ids[row], people.joints[row].astype(np.float64)
        drawn = artist.draw(person, joints, people.confidence[row] > 0, warnings[row])
        name = namespace(people.camera, person)
        for marker in drawn:
            marker.header, marker.ns, marker.lifetime = header, name, lifetime
        markers += drawn
        if ellipsoids:
            drawn = draw_ellipsoids(joints, people.covariance[row].astype(np.float64))
            name = ellipsoid_namespace(people.camera)
            for number, marker in zip(ellipsoid_ids(person), drawn, strict=True):
                marker.header, marker.ns, marker.lifetime = header, name, lifetime
                marker.id = number
            markers += drawn
    return MarkerArray(markers=markers)


def delete_skeletons(camera: str, header: Header, track_ids: Iterable[int]) -> MarkerArray:
    """The message that deletes all markers of a camera's tracks."""
    markers = [each for person in track_ids for each in _delete(camera, header, person)]
    return MarkerArray(markers=markers)


def _delete(camera: str, header: Header, person: int) -> list[Marker]:
    body, ellipsoids = namespace(camera, person), ellipsoid_namespace(camera)
    names = [(body, number) for number in NUMBERS]
    names += [(ellipsoids, number) for number in ellipsoid_ids(person)]
    return [
        Marker(header=header, ns=name, id=number, action=Marker.DELETE) for name, number in names
    ]


def _duration(seconds: float) -> Duration:
    whole, rest = divmod(round(seconds * 1e9), 1_000_000_000)
    return Duration(sec=whole, nanosec=rest)
