"""Whether PyPI has wheels for aarch64 of all that the package requires, for each Python.

    python constraints/aarch64.py

Needs uv. Nothing is installed: versions are resolved from wheels alone, as on a Jetson.
"""

import subprocess
import sys
from importlib.metadata import requires

from packaging.requirements import Requirement

PYTHONS = ("3.10", "3.11", "3.12", "3.13")
EXTRAS = ("cpu", "torch", "demo", "c3d", "view", "train")
PLATFORM = "aarch64-manylinux_2_28"


def main() -> int:
    """Print a line for each Python and extra; 1 if one has no wheels."""
    complete = True
    for python in PYTHONS:
        for extra in EXTRAS:
            command = ["uv", "pip", "compile", "-", "--quiet", "--no-header", "--no-annotate"]
            command += ["--only-binary", ":all:", "--python-platform", PLATFORM]
            command += ["--python-version", python]
            lines = "\n".join(required(extra))
            done = subprocess.run(command, input=lines, capture_output=True, text=True, check=False)
            complete &= done.returncode == 0
            found = f"{len(done.stdout.splitlines())} wheels"
            print(f"{python} [{extra}]", done.stderr.strip() if done.returncode else found)
    return not complete


def required(extra: str) -> list[str]:
    """What the package with an extra requires."""
    found = map(Requirement, requires("diffhpe_ros") or [])
    return [
        f"{each.name}{each.specifier}"
        for each in found
        if each.marker is None or each.marker.evaluate({"extra": extra})
    ]


if __name__ == "__main__":
    sys.exit(main())
