"""The console scripts: one node each, and `pose_pipeline` with two.

The handlers of Ctrl-C and SIGTERM are installed before anything is imported: imports take
seconds, and a user who stops a program meanwhile must not see a traceback. numpy must not be
imported earlier either: it would start as many threads as there are cores.
"""

import sys
from importlib import import_module

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.extras import require
from diffhpe_ros.nodes import begin_program


def detector() -> int:
    """Run the node `detector`."""
    return _run("detector")


def lifter() -> int:
    """Run the node `lifter`."""
    return _run("lifter")


def pose_pipeline() -> int:
    """Run `detector` and `lifter` in one process."""
    return _run("pose_pipeline")


def video_source() -> int:
    """Run the node `video_source`."""
    return _run("video_source")


def _run(name: str) -> int:
    begin_program()
    try:
        require(name, "ros")
    except DiffhpeError as error:
        print(error, file=sys.stderr)
        return 1
    main = import_module(f"diffhpe_ros.nodes.{name}").main
    try:
        return int(main())
    except KeyboardInterrupt:  # before the nodes were made, or after they were closed
        return 0


if __name__ == "__main__":
    sys.exit(_run(sys.argv.pop(1)))
