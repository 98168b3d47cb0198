"""The lifter's topic `postures`. Not safety-rated."""

from dataclasses import replace

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.qos import QoSProfile

from diffhpe_ros.nodes.base import StageNode
from diffhpe_ros.nodes.messages.postures import pack_postures
from diffhpe_ros.nodes.parameters.tables import LifterParameters
from diffhpe_ros.pipeline.people import LiftedPeople
from diffhpe_ros.pipeline.posture_stage import PostureStage


class PostureOutput:
    """Advertises and publishes the topic; people are observed only while it is subscribed to."""

    def __init__(self, node: StageNode[LifterParameters], quality: QoSProfile) -> None:
        """Advertise the topic of a node that is being configured."""
        self._node = node
        self._publisher = node.topics.advertise(DiagnosticArray, "postures", quality)
        self._stage = PostureStage()

    def publish(self, people: LiftedPeople) -> None:
        """Publish the postures and gestures of one camera's people.

        Args:
            people: people in the frame of the results.
        """
        node = self._node
        if not node.wanted(self._publisher):
            return
        # In an optical frame `up` is an assumption; in other frames it is the z axis by definition.
        known = node.parameters.level_camera or people.up[2] == 1.0
        states = self._stage.update(people, people.up if known else None)
        if any(states):
            node.send(self._publisher, pack_postures(replace(people, states=states)))
