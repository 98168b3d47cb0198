"""Checks that all packages are installed, and unpacks wheels for those that are missing.

It prints the folder of the unpacked wheels, for PYTHONPATH.
"""

import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

WHEELS = Path(__file__).parent / "wheels"
NEEDED = {
    "torch": "torch", "lightning": "lightning", "numpy": "numpy", "scipy": "scipy",
    "safetensors": "safetensors", "yaml": "pyyaml", "tqdm": "tqdm", "click": "click",
    "matplotlib": "matplotlib", "tensorboard": "tensorboard", "cv2": "opencv-python-headless",
}  # fmt: skip
CARRIED = {"hydra": "hydra_core", "omegaconf": "omegaconf", "antlr4": "antlr4_python3_runtime"}
"""Module → prefix of its wheels' names. The wheels are pure Python."""


def main(site: Path) -> None:
    """Unpack missing packages into a folder, or exit with a one-line error."""
    missing = [package for module, package in NEEDED.items() if find_spec(module) is None]
    absent = [prefix for module, prefix in CARRIED.items() if find_spec(module) is None]
    wheels = {prefix: sorted(WHEELS.glob(f"{prefix}-*.whl")) for prefix in absent}
    without = [prefix.replace("_", "-") for prefix, found in wheels.items() if not found]
    if missing:
        sys.exit(f"gpu/run.sh: {sys.executable} lacks {', '.join(missing)}; install them first")
    if without:
        sys.exit(
            f"gpu/run.sh: {', '.join(without)} is neither installed nor in {WHEELS};"
            " run gpu/prepare.sh where there is a network"
        )
    for found in wheels.values():
        with zipfile.ZipFile(found[-1]) as wheel:
            wheel.extractall(site)
    print(site)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
