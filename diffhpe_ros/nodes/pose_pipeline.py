"""Program `pose_pipeline`: detector and lifter in one process, without serializing the windows."""

from typing import Any, NoReturn

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.nodes.detector import DetectorNode
from diffhpe_ros.nodes.lifter import LifterNode
from diffhpe_ros.nodes.run import run
from diffhpe_ros.nodes.window_sink import InProcessSink


def make_nodes(**options: Any) -> tuple[LifterNode, DetectorNode]:
    """Both nodes, unconfigured; options as for `rclpy.node.Node`. The lifter starts first.

    Raises:
        DiffhpeError: both would have the same name.
    """
    lifter = LifterNode(subscribes=False, **options)
    detector = DetectorNode(InProcessSink(lifter), **options)
    name = lifter.get_name()
    if detector.get_name() == name:
        for node in (lifter, detector):
            node.close()
            node.destroy_node()
        raise DiffhpeError(
            f"__node:={name} names both nodes of this program alike: use detector:__node:=… and"
            " lifter:__node:=…"
        )
    return lifter, detector


def main() -> NoReturn:
    """Run both nodes."""
    run(make_nodes)


if __name__ == "__main__":
    main()
