"""One phase in its own process, which may fail, hang or lose its GPU: the others continue."""

import argparse
import sys
import traceback
from importlib import import_module
from pathlib import Path

from gpu.context import Context
from gpu.record import Record

PHASES = ("equality", "speed", "throughput", "train", "tables")
"""Modules with a function `run`, in order of worth."""


def main() -> None:
    """Run a phase; the exit status is 0 if it completed and all checks hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("phase", choices=PHASES)
    parser.add_argument("--device", required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--scratch", type=Path, required=True)
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--models", default="")
    parser.add_argument("--start", type=Path)
    given = parser.parse_args()
    models = tuple(filter(None, given.models.split(",")))
    context = Context(given.device, given.seconds, given.tiny, given.scratch, models, given.start)
    record = Record(given.scratch / f"{given.phase}.json")
    try:
        import_module(f"gpu.{given.phase}").run(context, record)
    except Exception as error:
        traceback.print_exc()
        reason = str(error).partition("\n")[0]
        record.check(f"{given.phase} came to its end", False, f"{type(error).__name__}: {reason}")
    sys.exit(1 if record.failed else 0)


if __name__ == "__main__":
    main()
