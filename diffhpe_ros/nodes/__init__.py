"""The ROS nodes; with `demo`, the only package that imports rclpy.

`detector`, `lifter` and `video_source` are transport: parameters, topics, threads and diagnostics.
The data is processed in `diffhpe_ros.pipeline`, without ROS; `messages` converts it.
"""

import os
import signal
import sys
from typing import Any


def on_signals(handler: Any) -> None:
    """Install a handler for Ctrl-C (SIGINT) and for SIGTERM, which `docker stop` sends."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, handler)


def end_at_once(*_: object) -> None:
    """Signal handler for the time of the imports, when nothing is open that must be closed."""
    os._exit(0)


def begin_program() -> None:
    """Set up the process of a node, before it imports anything else.

    Imports take seconds. Meanwhile neither Ctrl-C nor SIGTERM must show a traceback; `run` later
    replaces the handlers. numpy's OpenBLAS reads its number of threads when it is loaded. A node's
    matrix products are small, and busy-waiting threads take the cores of the other nodes. A number
    that the user has set is kept, and torch's threads do not change.
    """
    on_signals(end_at_once)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


# While Python looks for the module of `python -m diffhpe_ros.nodes.lifter`, argv begins with -m.
if sys.argv[:1] == ["-m"] and any(each.startswith(f"{__name__}.") for each in sys.orig_argv):
    begin_program()
