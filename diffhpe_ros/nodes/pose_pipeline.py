"""Program `lift`: detector and lifter in one process, with nothing serialised between them."""

import sys
from typing import Any

from diffhpe_ros.nodes.detector import DetectorNode
from diffhpe_ros.nodes.lifter import LifterNode
from diffhpe_ros.nodes.run import run
from diffhpe_ros.pipeline.people import PeopleWindows


class NearbyLifterNode(LifterNode):
    """Lifts the windows of a detector in the same process; hears no topic."""

    def subscribe(self) -> None:
        """Windows come by `heard`."""

    def unpack(self, message: PeopleWindows) -> PeopleWindows:
        """Nothing is packed."""
        return message


class NearbyDetectorNode(DetectorNode):
    """Hands its windows to a lifter in the same process; to others while they listen."""

    def __init__(self, lifter: NearbyLifterNode, **options: Any) -> None:
        """Make the node, unconfigured; options as for `rclpy.node.Node`."""
        super().__init__(**options)
        self._lifter = lifter

    def wait_for_subscribers(self) -> None:
        """The lifter is there."""

    def windows_wanted(self) -> bool:
        """The lifter always wants them."""
        return True

    def deliver(self, windows: PeopleWindows) -> None:
        """Give windows to the lifter, and send them to whoever listens."""
        self._lifter.enqueue(windows, stream=windows.frame_id)
        if super().windows_wanted():
            super().deliver(windows)


def make_nodes(**options: Any) -> tuple[NearbyLifterNode, NearbyDetectorNode]:
    """Both nodes, unconfigured; options as for `rclpy.node.Node`. The lifter starts first."""
    lifter = NearbyLifterNode(**options)
    return lifter, NearbyDetectorNode(lifter, **options)


def main() -> int:
    """Run both nodes."""
    return run(make_nodes)


if __name__ == "__main__":
    sys.exit(main())
