"""The lifter's topics for planners: `obstacles` and `nearest`. Not safety-rated."""

import numpy as np
from numpy.typing import NDArray
from rclpy.qos import QoSProfile
from sensor_msgs.msg import PointCloud2

from diffhpe_ros.nodes.base import StageNode
from diffhpe_ros.nodes.messages.nearest import pack_nearest
from diffhpe_ros.nodes.messages.obstacles import pack_obstacles
from diffhpe_ros.nodes.parameters.tables import LifterParameters
from diffhpe_ros.pipeline.nearest import nearest
from diffhpe_ros.pipeline.obstacles import obstacles
from diffhpe_ros.pipeline.people import LiftedPeople


class PlannerOutputs:
    """Advertises and publishes the topics, each only while it is subscribed to."""

    def __init__(self, node: StageNode[LifterParameters], quality: QoSProfile) -> None:
        """Advertise the topics of a node that is being configured."""
        self._node = node
        self._obstacles = node.topics.advertise(PointCloud2, "obstacles", quality)
        self._nearest = node.topics.advertise(PointCloud2, "nearest", quality)

    def publish(self, people: LiftedPeople) -> None:
        """Publish where the people of one camera are; without any, that they have left."""
        node = self._node
        if node.wanted(self._obstacles):
            points = obstacles(people, node.parameters.obstacle_options)
            message = pack_obstacles(people.frame_id, people.stamp_ns, points)
            node.send(self._obstacles, message)
        if node.wanted(self._nearest):
            found = nearest(people, self._targets(people.frame_id))
            node.send(self._nearest, pack_nearest(people.frame_id, people.stamp_ns, found))

    def _targets(self, frame_id: str) -> dict[int, NDArray[np.float64]]:
        """Number → origin of each frame that distances are wanted to, in the results' frame."""
        wanted = self._node.parameters.distance_frame_list or [frame_id]
        unknown = [name for name in wanted if name != frame_id]
        if unknown:
            self._node.diagnostics.warn(
                "nearest",
                f"distances to {', '.join(unknown)} are unknown: results are in {frame_id}",
            )
        else:
            self._node.diagnostics.clear("nearest")
        return {number: np.zeros(3) for number, name in enumerate(wanted) if name == frame_id}
