"""Child frames of the optical frames with z up, in which RViz shows people without a robot's TF."""

from dataclasses import replace

import numpy as np
from geometry_msgs.msg import Quaternion

from diffhpe_ros.geometry.upright import LEVEL, tilt_deg, upright_axes
from diffhpe_ros.nodes import qos
from diffhpe_ros.nodes.base import StageNode
from diffhpe_ros.nodes.messages.header import make_header
from diffhpe_ros.nodes.messages.rotation import quaternions
from diffhpe_ros.nodes.messages.transforms import stamped, tf_message_type
from diffhpe_ros.nodes.parameters.tables import LifterParameters
from diffhpe_ros.nodes.rviz import upright_frame
from diffhpe_ros.pipeline.gravity import Gravity
from diffhpe_ros.pipeline.people import LiftedPeople
from diffhpe_ros.pipeline.people_gravity import PeopleGravity

_CHANGED = np.cos(np.radians(0.5))
"""Smaller changes are not sent."""
_LEAST_ALIKE = np.cos(np.radians(45.0))
"""Cosine of the largest angle between up by a sensor and by people; people's may be some 10 off."""


class UprightFrames:
    """Publishes `<frame>_upright` on /tf_static: level at first, then aligned with gravity.

    Args:
        node: the node, while it is being configured.

    Raises:
        DiffhpeError: tf2_msgs is not installed.
    """

    def __init__(self, node: StageNode[LifterParameters]) -> None:
        self._node = node
        self._type = tf_message_type("upright_frames")
        self._publisher = node.topics.advertise(self._type, "/tf_static", qos.LATCHED)
        self.start()

    def start(self) -> None:
        """Forget what was learnt."""
        names = self._node.parameters.upright_frame_list
        self._by_people = {name: PeopleGravity() for name in names}
        self._sent = dict.fromkeys(names, LEVEL)

    def publish(self) -> None:
        """Send all frames; a later subscriber gets the last message."""
        axes = np.stack([upright_axes(up) for up in self._sent.values()])
        transforms = [
            stamped(
                make_header(name, 0),
                upright_frame(name),
                np.zeros(3),
                Quaternion(x=x, y=y, z=z, w=w),
            )
            for name, (x, y, z, w) in zip(self._sent, quaternions(axes).tolist(), strict=True)
        ]
        self._node.send(self._publisher, self._type(transforms=transforms))

    def update(self, people: LiftedPeople, measured: Gravity | None) -> LiftedPeople:
        """Learn from the people of an image.

        Args:
            people: people of one camera, in its optical frame.
            measured: gravity in that frame from a sensor, which is better; None without one.

        Returns:
            The people with the current estimate of `up`.
        """
        by_people = self._by_people.get(people.frame_id)
        if by_people is None:
            return people
        by_people.update(people.track_ids, people.joints, people.stamp_ns)
        gravity = measured or by_people.gravity
        if gravity is None:
            return people
        self._compare(measured, by_people.gravity)
        if gravity.up @ self._sent[people.frame_id] < _CHANGED:
            self._sent[people.frame_id] = gravity.up
            self.publish()
        self._report(people.frame_id, gravity)
        x, y, z = gravity.up.tolist()
        return replace(people, up=(x, y, z))

    def _compare(self, measured: Gravity | None, by_people: Gravity | None) -> None:
        """Warn of a sensor that says that people walk on walls or ceilings."""
        if measured is None or by_people is None or measured.up @ by_people.up > _LEAST_ALIKE:
            self._node.diagnostics.clear("gravity_of_people")
            return
        apart = np.degrees(np.arccos(np.clip(measured.up @ by_people.up, -1, 1)))
        self._node.diagnostics.warn_of_message(
            "gravity_of_people",
            f"up is {apart:.0f} degrees away from that of the people who walk by"
            f" {measured.source}: is the sensor's frame right? At rest, 9.81 m/s² upwards is"
            " expected (REP-145)",
        )

    def _report(self, frame_id: str, gravity: Gravity) -> None:
        (down, roll), sd = tilt_deg(gravity.up), np.degrees(gravity.sd)
        text = f"by {gravity.source}: {down:.1f} down, rolled by {roll:.1f}, sd {sd:.1f} degrees"
        self._node.diagnostics.set_value(f"upright {frame_id}", text)
