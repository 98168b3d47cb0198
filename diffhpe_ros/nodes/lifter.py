"""Node `lifter`: windows of 2D joints → people in metres."""

import sys
import time
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.subscription import Subscription
from sensor_msgs.msg import PointCloud2
from visualization_msgs.msg import MarkerArray

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting import Lifter
from diffhpe_ros.nodes import qos
from diffhpe_ros.nodes.base import StageNode
from diffhpe_ros.nodes.lifting_stage import LiftingStage, make_lifter
from diffhpe_ros.nodes.messages.joints import pack_joints
from diffhpe_ros.nodes.messages.markers import delete_skeletons, pack_skeletons
from diffhpe_ros.nodes.messages.status import pack_coherence
from diffhpe_ros.nodes.messages.windows import unpack_windows
from diffhpe_ros.nodes.parameters import LifterParameters
from diffhpe_ros.nodes.presence import Presence
from diffhpe_ros.nodes.run import run
from diffhpe_ros.nodes.types import LiftedPeople, PeopleWindows


class LifterNode(StageNode[LifterParameters]):
    """Subscribes `windows`; publishes `skeletons`, `joints` and `coherence`."""

    input_topic = "windows"

    def __init__(self, **options: Any) -> None:
        """Make the node, unconfigured; options as for `rclpy.node.Node`."""
        super().__init__("lifter", LifterParameters, **options)
        self._subscription: Subscription[Any] | None = None

    def setup(self) -> None:
        """Load the model."""
        parameters = self.parameters
        self._lifter = make_lifter(parameters)
        self.health.show("model", describe(parameters.model, self._lifter))
        self.health.show("device", self._lifter.runs_on)
        self.get_logger().info(
            f"{describe(parameters.model, self._lifter)} on {self._lifter.runs_on}"
        )
        outputs = qos.result(parameters.replay)
        self._skeletons = self.advertise(MarkerArray, "skeletons", outputs)
        self._joints = self.advertise(PointCloud2, "joints", outputs)
        self._coherence = self.advertise(DiagnosticArray, "coherence", outputs)

    def start(self) -> None:
        """Begin with nobody there."""
        self._presence = Presence(self.parameters.marker_lifetime_s)
        self._stage = LiftingStage(self._lifter, self.parameters)
        self._subscription = self.create_subscription(
            PointCloud2, "windows", self._on_windows, qos.windows_in(self.parameters.replay)
        )

    def stop(self) -> None:
        """Listen no more."""
        if self._subscription is not None:
            self.destroy_subscription(self._subscription)
            self._subscription = None

    def farewell(self) -> None:
        """Remove all skeletons."""
        for frame_id, stamp_ns, persons in self._presence.clear():
            self.send(self._skeletons, delete_skeletons(frame_id, stamp_ns, persons))

    def process(self, messages: list[Any]) -> None:
        """Lift the people of all cameras that have news, as one batch."""
        accepted = [windows for each in messages if (windows := self._accept(each)) is not None]
        begin = time.perf_counter()
        lifted = self._stage.process(accepted)
        if any(map(len, accepted)):
            self.health.time("lift", time.perf_counter() - begin)
        for people in lifted:
            self._publish(people)

    def _on_windows(self, message: PointCloud2) -> None:
        self.heard(message, key=message.header.frame_id)

    def _accept(self, message: PointCloud2) -> PeopleWindows | None:
        try:
            windows = unpack_windows(message)
            self._stage.check(windows)
        except DiffhpeError as error:
            self.problem(error)
            return None
        return windows

    def _publish(self, people: LiftedPeople) -> None:
        placed = [people.persons[row] for row in np.flatnonzero(people.placed)]
        gone = self._presence.update(
            people.frame_id, people.stamp_ns, placed, all_left=not len(people)
        )
        if placed:
            self.send(self._joints, pack_joints(people))
        if placed or gone:
            parameters = self.parameters
            self.send(
                self._skeletons,
                pack_skeletons(people, gone, parameters.marker_lifetime_s, parameters.ellipsoids),
            )
        if len(people):
            self.send(self._coherence, pack_coherence(people, self.parameters.model))
            if not self.parameters.replay:
                self.health.time("latency", self.age_s(people.stamp_ns))
        self.health.count("lifted", len(people))
        self.health.count("not_placed", len(people) - len(placed))


def describe(name: str, lifter: Lifter) -> str:
    """The model and how it is sampled."""
    if lifter.config.architecture == "mixste":
        return name
    preset = lifter.preset
    return f"{name}, {preset.sampler} {preset.steps} steps, {preset.hypotheses} hypotheses"


def main() -> int:
    """Run the node."""
    return run(LifterNode)


if __name__ == "__main__":
    sys.exit(main())
