"""The ROS nodes; with `demo`, the only package that imports rclpy.

`detector`, `lifter` and `video_source` are transport: parameters, topics, threads and diagnostics.
The data is processed in `diffhpe_ros.pipeline`, without ROS; `messages` converts it.
"""

import os
import signal
import sys
from typing import Any


def on_signals(handler: Any) -> None:
    """What Ctrl-C does and what `docker stop` sends."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, handler)


def end_at_once(*_: object) -> None:
    """A handler for programs that import: nothing is open yet that would have to be closed."""
    os._exit(0)


# `python -m diffhpe_ros.nodes.lifter` imports for seconds, in which Ctrl-C must not show a
# traceback, and SIGTERM ends it as quietly. While Python looks for the module, argv begins with -m.
# `run` ends this.
if sys.argv[:1] == ["-m"] and any(each.startswith(f"{__name__}.") for each in sys.orig_argv):
    on_signals(end_at_once)
