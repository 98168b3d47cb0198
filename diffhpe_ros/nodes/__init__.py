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


def begin_program() -> None:
    """Set up the process of a node, before it imports anything else.

    Importing takes seconds, in which Ctrl-C must not show a traceback, and SIGTERM ends the program
    as quietly; `run` ends this. numpy's OpenBLAS reads its number of threads when it is loaded:
    the products of a node are small, and threads that wait for them busily take the cores of the
    other nodes. A number that the user has set stays, and so do the threads of torch.
    """
    on_signals(end_at_once)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


# While Python looks for the module of `python -m diffhpe_ros.nodes.lifter`, argv begins with -m.
if sys.argv[:1] == ["-m"] and any(each.startswith(f"{__name__}.") for each in sys.orig_argv):
    begin_program()
