"""Topic `nearest`: the distance of each person to each target frame."""

from collections.abc import Sequence

import numpy as np
from sensor_msgs.msg import PointCloud2

from diffhpe_ros.nodes.messages.cloud import pack_cloud
from diffhpe_ros.nodes.messages.header import make_header
from diffhpe_ros.pipeline.nearest import Nearest

MOST_TARGETS = 256
"""Their numbers have one byte."""
POINT = np.dtype(
    [
        ("x", np.float32),
        ("y", np.float32),
        ("z", np.float32),
        ("person", np.uint32),
        ("target", np.uint8),
        ("distance", np.float32),
        ("distance_95", np.float32),
        ("approach_speed", np.float32),
    ],
    align=True,
)
"""One person and target, in metres and m/s; the target is an index into the list of frames."""


def pack_nearest(frame_id: str, stamp_ns: int, found: Sequence[Nearest]) -> PointCloud2:
    """The message, one point for each person and target."""
    points = np.zeros((1, len(found)), POINT)
    for point, each in zip(points[0], found, strict=True):
        closest = each.closest
        point["x"], point["y"], point["z"] = closest.position
        point["person"], point["target"] = each.track_id, each.target
        point["distance"], point["distance_95"] = closest.distance, closest.lower_bound
        point["approach_speed"] = closest.approach_speed
    return pack_cloud(make_header(frame_id, stamp_ns), points, is_dense=True)
