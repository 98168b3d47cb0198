"""See that all packages are there, and unpack the wheels that are carried for those that are not.

Prints the folder of the unpacked wheels, for PYTHONPATH.
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
"""Module → how the names of its wheels begin. They are of pure Python."""


def main(site: Path) -> None:
    """Unpack what is missing into a folder, or end with one line."""
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
