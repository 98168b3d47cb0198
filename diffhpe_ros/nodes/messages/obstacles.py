"""Topic `obstacles`: points on people's bodies, for the costmaps and octomaps of planners."""

import numpy as np
from sensor_msgs.msg import PointCloud2

from diffhpe_ros.nodes.messages.cloud import pack_cloud
from diffhpe_ros.nodes.messages.header import make_header
from diffhpe_ros.pipeline.obstacles import Obstacles

POINT = np.dtype(
    [("x", np.float32), ("y", np.float32), ("z", np.float32), ("person", np.uint32)], align=True
)
"""One point: metres, and the track id of the person that it is on."""


def pack_obstacles(frame_id: str, stamp_ns: int, obstacles: Obstacles) -> PointCloud2:
    """The message, one row of points. Without points it says that all people have left."""
    points = np.zeros((1, len(obstacles.points)), POINT)
    points["x"], points["y"], points["z"] = obstacles.points.T
    points["person"] = obstacles.track_ids
    return pack_cloud(make_header(frame_id, stamp_ns), points, is_dense=True)
