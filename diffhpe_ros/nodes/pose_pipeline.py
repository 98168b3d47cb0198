"""Program `pose_pipeline`: detector and lifter in one process, without serializing the windows."""

import sys
from typing import Any

from diffhpe_ros.nodes.detector import DetectorNode
from diffhpe_ros.nodes.lifter import LifterNode
from diffhpe_ros.nodes.run import run
from diffhpe_ros.nodes.window_sink import InProcessSink


def make_nodes(**options: Any) -> tuple[LifterNode, DetectorNode]:
    """Both nodes, unconfigured; options as for `rclpy.node.Node`. The lifter starts first."""
    lifter = LifterNode(subscribes=False, **options)
    return lifter, DetectorNode(InProcessSink(lifter), **options)


def main() -> int:
    """Run both nodes."""
    return run(make_nodes)


if __name__ == "__main__":
    sys.exit(main())
