"""The ROS nodes; with `demo`, the only package that imports rclpy.

`detector`, `lifter` and `video_source` are transport: parameters, topics, threads and diagnostics.
The data is processed in `diffhpe_ros.pipeline`, without ROS; `messages` converts it.
"""

import os
import signal
import sys

# `python -m diffhpe_ros.nodes.lifter` imports for seconds, in which Ctrl-C must not show a
# traceback, and SIGTERM ends it as quietly. While Python looks for the module, argv begins with -m.
# `run` ends this.
if sys.argv[:1] == ["-m"] and any(each.startswith(f"{__name__}.") for each in sys.orig_argv):
    for _each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(_each, lambda *_: os._exit(0))
