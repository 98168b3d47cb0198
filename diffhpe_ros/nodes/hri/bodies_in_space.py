"""The lifter's topics of bodies: their positions, joint angles and frames."""

import numpy as np
from geometry_msgs.msg import PointStamped, TwistStamped
from numpy.typing import NDArray
from sensor_msgs.msg import JointState
from std_msgs.msg import String

from diffhpe_ros.geometry.urdf import human_urdf
from diffhpe_ros.nodes import qos
from diffhpe_ros.nodes.base import StageNode
from diffhpe_ros.nodes.hri import BODIES, body_id, hri_messages
from diffhpe_ros.nodes.hri.body_publishers import BodyPublishers
from diffhpe_ros.nodes.messages.bodies import (
    make_link_transforms,
    pack_joint_states,
    pack_position,
    pack_velocity,
)
from diffhpe_ros.nodes.messages.header import make_header
from diffhpe_ros.nodes.messages.transforms import tf_message_type
from diffhpe_ros.nodes.parameters.tables import LifterParameters
from diffhpe_ros.pipeline.articulated_body import ArticulatedBody, articulated_body
from diffhpe_ros.pipeline.people import LiftedPeople
from diffhpe_ros.skeleton import HIP

_NEW_LENGTH_M = 0.0005
"""A URDF is published again when a bone's length has changed by this much."""


class BodiesInSpace:
    """Publishes `tracked`; per body `joint_states`, `urdf`, `position`, `velocity` and TF.

    Raises:
        DiffhpeError: hri_msgs or tf2_msgs is not installed.
    """

    def __init__(self, node: StageNode[LifterParameters]) -> None:
        """Advertise the topics of a node that is being configured."""
        self._node = node
        self._ids_list = hri_messages().IdsList
        self._tf_message = tf_message_type("hri")
        quality = qos.result(node.parameters.replay)
        self._tracked = node.topics.advertise(self._ids_list, f"{BODIES}/tracked", quality)
        self._tf = node.topics.advertise(self._tf_message, "/tf", qos.TF)
        self._bodies = BodyPublishers(
            node,
            {
                "joint_states": (JointState, quality),
                "urdf": (String, qos.LATCHED),
                "position": (PointStamped, quality),
                "velocity": (TwistStamped, quality),
            },
        )
        self._lengths: dict[int, NDArray[np.float64]] = {}

    def publish(self, people: LiftedPeople, active: set[int]) -> None:
        """Publish the bodies of one camera's people.

        Args:
            people: people of one camera.
            active: ids of the active tracks of all cameras, seen or not.
        """
        self.keep(active, people.frame_id, people.stamp_ns)
        for row in np.flatnonzero(people.located).tolist():
            body = articulated_body(people.joints[row])
            if body is not None:
                self._publish_body(people, row, body)

    def keep(self, active: set[int], frame_id: str, stamp_ns: int) -> None:
        """Publish the list of active bodies, and remove the topics of all others."""
        self._bodies.keep(active)
        self._lengths = {each: known for each, known in self._lengths.items() if each in active}
        message = self._ids_list(
            header=make_header(frame_id, stamp_ns), ids=[body_id(each) for each in sorted(active)]
        )
        self._node.send(self._tracked, message)

    def _publish_body(self, people: LiftedPeople, row: int, body: ArticulatedBody) -> None:
        track_id, send = people.track_ids[row], self._node.send
        topics, person = self._bodies.of(track_id), body_id(track_id)
        frame_id, stamp_ns = people.frame_id, people.stamp_ns
        velocity = people.velocity[row, HIP].astype(np.float64)
        self._publish_urdf(track_id, body)
        send(topics["joint_states"], pack_joint_states(person, stamp_ns, body))
        send(topics["position"], pack_position(frame_id, stamp_ns, body.position))
        send(topics["velocity"], pack_velocity(frame_id, stamp_ns, velocity))
        transforms = list(make_link_transforms(person, frame_id, stamp_ns, body))
        send(self._tf, self._tf_message(transforms=transforms))

    def _publish_urdf(self, track_id: int, body: ArticulatedBody) -> None:
        known = self._lengths.get(track_id)
        if known is None or np.abs(body.lengths - known).max() > _NEW_LENGTH_M:
            self._lengths[track_id] = body.lengths
            text = String(data=human_urdf(body_id(track_id), body.lengths))
            self._node.send(self._bodies.of(track_id)["urdf"], text)
