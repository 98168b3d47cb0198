"""The lifter's topics for planners: `obstacles` and `nearest`. Not safety-rated."""

import numpy as np
from rclpy.qos import QoSProfile
from sensor_msgs.msg import PointCloud2

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.nodes.base import StageNode
from diffhpe_ros.nodes.messages.nearest import MOST_TARGETS, pack_nearest
from diffhpe_ros.nodes.messages.obstacles import pack_obstacles
from diffhpe_ros.nodes.parameters.tables import LifterParameters
from diffhpe_ros.nodes.transforms.buffer import TransformError
from diffhpe_ros.nodes.transforms.listener import TransformListener
from diffhpe_ros.pipeline.nearest import Target, nearest
from diffhpe_ros.pipeline.obstacles import obstacles
from diffhpe_ros.pipeline.people import LiftedPeople

_BEFORE_NS = 100_000_000
"""A frame's velocity is measured over this time before the stamp."""


class PlannerOutputs:
    """Advertises and publishes the topics, each only while it is subscribed to."""

    def __init__(self, node: StageNode[LifterParameters], quality: QoSProfile) -> None:
        """Advertise the topics of a node that is being configured.

        Raises:
            DiffhpeError: there are too many `distance_frames`.
        """
        frames = len(node.parameters.distance_frame_list)
        if frames > MOST_TARGETS:
            raise DiffhpeError(f"at most {MOST_TARGETS} distance_frames are expected, got {frames}")
        self._node = node
        self._obstacles = node.topics.advertise(PointCloud2, "obstacles", quality)
        self._nearest = node.topics.advertise(PointCloud2, "nearest", quality)

    def publish(self, people: LiftedPeople, transforms: TransformListener | None) -> None:
        """Publish where one camera's people are; an empty `people` says that they have left.

        Args:
            people: people of one camera.
            transforms: needed if `distance_frames` lists frames other than the people's.
        """
        node = self._node
        if node.wanted(self._obstacles):
            points = obstacles(people, node.parameters.obstacle_options)
            message = pack_obstacles(people.frame_id, people.stamp_ns, points)
            node.send(self._obstacles, message)
        if node.wanted(self._nearest):
            found = nearest(people, self._targets(people, transforms) if len(people) else {})
            node.send(self._nearest, pack_nearest(people.frame_id, people.stamp_ns, found))

    def _targets(
        self, people: LiftedPeople, transforms: TransformListener | None
    ) -> dict[int, Target]:
        """Index → target frame for distances, without frames that are unknown at the moment."""
        names = self._node.parameters.distance_frame_list or [people.frame_id]
        targets, problems = {}, []
        for number, name in enumerate(names):
            try:
                targets[number] = _target(name, people, transforms)
            except TransformError as error:
                problems.append(str(error))
        if problems:
            self._node.diagnostics.warn_of_message("nearest", f"distance to {problems[0]}")
        else:
            self._node.diagnostics.clear("nearest")
        return targets


def _target(name: str, people: LiftedPeople, transforms: TransformListener | None) -> Target:
    """Position and velocity of a frame's origin in the people's frame.

    Raises:
        TransformError: the transform is not known.
    """
    if transforms is None or name == people.frame_id:
        return Target(np.zeros(3), np.zeros(3))
    stamps_ns = people.stamp_ns - _BEFORE_NS, people.stamp_ns
    try:
        before, now = transforms.lookup(people.frame_id, name, stamps_ns).translation
    except TransformError as error:
        raise TransformError(f"{name}: {error}") from None
    return Target(now, (now - before) / (_BEFORE_NS / 1e9))
