"""The command line: `diffhpe demo | lift | data | train | search | evaluate | reproduce | ...`.

Imports are inside the commands: torch takes seconds, and --help should not.
"""

from diffhpe_ros.cli.app import main

__all__ = ["main"]
