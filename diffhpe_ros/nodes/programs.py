"""The console scripts: one node each, or two in `lift`.

Nothing is imported before Ctrl-C is provided for: torch takes seconds to import, and a user who
stops a program meanwhile is to see no traceback.
"""

import os
import signal
import sys
from importlib import import_module


def detector() -> int:
    """Run the node `detector`."""
    return _run("detector")


def lifter() -> int:
    """Run the node `lifter`."""
    return _run("lifter")


def lift() -> int:
    """Run `detector` and `lifter` in one process."""
    return _run("lift")


def video_source() -> int:
    """Run the node `video_source`."""
    return _run("video_source")


def _run(name: str) -> int:
    # Nothing is open yet that would have to be closed, and an exception in the middle of an
    # import can come out as any other.
    signal.signal(signal.SIGINT, lambda *_: os._exit(0))
    main = import_module(f"diffhpe_ros.nodes.{name}").main
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return int(main())
    except KeyboardInterrupt:  # before the nodes were there to be closed, or after
        return 0


if __name__ == "__main__":
    sys.exit(_run(sys.argv.pop(1)))
