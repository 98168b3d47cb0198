"""One-sigma ellipsoids of joints as RViz markers."""

import numpy as np
from geometry_msgs.msg import Point, Pose, Quaternion, Vector3
from numpy.typing import NDArray
from visualization_msgs.msg import Marker

from diffhpe_ros.nodes.messages.person_markers import JOINT_COLOURS, rgba
from diffhpe_ros.nodes.messages.prototype import Prototype
from diffhpe_ros.nodes.messages.rotation import quaternions
from diffhpe_ros.skeleton import HIP

_SMALLEST_M = 0.001
_ALPHA = 0.3
# The person's distance is the least certain value: the hip's ellipsoid is drawn large enough to be
# visible among the bones.
_HIP_COLOUR, _HIP_ALPHA, _HIP_SMALLEST_M = (255, 150, 200), 0.8, 0.08
_ELLIPSOIDS = [
    Prototype(
        Marker(
            type=Marker.SPHERE,
            color=rgba(_HIP_COLOUR, _HIP_ALPHA) if joint == HIP else rgba(colour, _ALPHA),
        )
    )
    for joint, colour in enumerate(JOINT_COLOURS)
]
_POSE = Prototype(Pose())


def draw_ellipsoids(joints: NDArray[np.float64], covariance: NDArray[np.float64]) -> list[Marker]:
    """A marker for each joint; header, namespace, id and lifetime are still to be set.

    Args:
        joints: (17, 3) metres.
        covariance: (17, 3, 3) m²; the ellipsoid is a point where it is unknown.
    """
    # RViz warns about an ellipsoid of size 0, so a covariance of 0 or unknown gives a tiny one.
    variances, axes = np.linalg.eigh(np.nan_to_num(covariance))
    diameters = np.maximum(2 * np.sqrt(np.maximum(variances, 0)), _SMALLEST_M)
    diameters[HIP] = np.maximum(diameters[HIP], _HIP_SMALLEST_M)
    markers = [make() for make in _ELLIPSOIDS]
    values = np.concatenate([joints, quaternions(axes), diameters], -1).tolist()
    for marker, (x, y, z, qx, qy, qz, qw, a, b, c) in zip(markers, values, strict=True):
        marker.pose = pose = _POSE()
        pose.position = Point(x=x, y=y, z=z)
        pose.orientation = Quaternion(x=qx, y=qy, z=qz, w=qw)
        marker.scale = Vector3(x=a, y=b, z=c)
    return markers
