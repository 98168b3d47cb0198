"""The command line: `diffhpe demo | lift | data | train | search | evaluate | reproduce | ...`.

Imports are inside the commands: torch takes seconds, and --help should not.
"""

import os
import signal
from importlib import import_module

__all__ = ["main"]


def main() -> None:
    """Run the command line; see `app.main`."""
    # A script's background processes inherit an ignored SIGINT: leave it ignored.
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, _end)  # the import takes a moment
    import_module("diffhpe_ros.cli.app").main()


def _end(*_: object) -> None:
    os.write(2, b"diffhpe: stopped\n")
    os._exit(128 + signal.SIGINT)
