"""Runs demo, tests and one training step on every supported Python.

Packages have the versions of constraints/, or the newest ones with `--newest`. Each Python gets its
own environment in `.pythons/`, where pip installs as in the Makefile. It is removed afterwards,
since torch with CUDA takes several GB. uv finds the Python, or downloads it.
"""

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYTHONS = ("3.10", "3.11", "3.12", "3.13")
EXTRAS = "cpu,onnx,ros,train,test"
IMPORT_ALL = """
import importlib, pkgutil, diffhpe_ros
for module in pkgutil.walk_packages(diffhpe_ros.__path__, "diffhpe_ros."):
    if not module.name.rpartition(".")[2].startswith("_"):  # programs, and libraries of C++
        importlib.import_module(module.name)
"""
TRAINING_STEP = "test/training/test_train.py::test_trained_folder_is_a_model"
VERSIONS = """
from importlib.metadata import version
print(*(f"{name} {version(name)}" for name in ("numpy", "torch", "scipy", "av")), sep=", ")
"""


def install(version: str, folder: Path, torch: str, newest: bool) -> None:
    """Create an environment.

    Args:
        version: the Python version.
        folder: the environment's folder.
        torch: a requirement, optionally with options of `pip install`.
        newest: whether to install without the constraints.
    """
    uv = Path(sys.executable).with_name("uv")
    held = [] if newest else ["-c", str(ROOT / "constraints" / f"{version}.txt")]
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    commands: Sequence[Sequence[str]] = (
        [str(uv), "venv", "--quiet", "--clear", "--seed", "--python", version, str(folder)],
        [*pip, "--no-deps", *shlex.split(torch)],
        [*pip, *held, "--editable", f".[{EXTRAS}]"],
        [str(folder / "bin" / "python"), "test/interfaces/build.py"],
    )
    for command in commands:
        subprocess.run(command, cwd=ROOT, check=True)


def check(folder: Path, tests: Sequence[str]) -> dict[str, str]:
    """The results in an environment: step → ok or failed, with its seconds."""
    python = str(folder / "bin" / "python")
    pytest = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    steps = {
        "imports": [python, "-c", IMPORT_ALL],
        "training step": [*pytest, TRAINING_STEP],
        "demo": [str(folder / "bin" / "diffhpe"), "demo", "--out", str(folder / "demo_out")],
        "tests": [*pytest, *tests],
    }
    results = {}
    for name, command in steps.items():
        print(f"--- {name}", flush=True)
        begin = time.monotonic()
        run = subprocess.run(
            command, cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": "1"}, check=False
        )
        word = "failed" if run.returncode else "ok"
        results[name] = f"{word}, {time.monotonic() - begin:.0f} s"
    return results


def main() -> int:
    """Check each Python; the exit status is 1 if something failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--newest", action="store_true", help="leave the constraints out")
    parser.add_argument("--only", nargs="+", choices=PYTHONS, default=PYTHONS)
    parser.add_argument("--torch", default="torch", help="requirement, with options of pip install")
    parser.add_argument("--tests", default="", help="arguments of pytest, such as '-m \"not ros\"'")
    parser.add_argument("--keep", action="store_true", help="keep the environments")
    options = parser.parse_args()

    lines = []
    for version in options.only:
        folder = ROOT / ".pythons" / version
        print(f"=== Python {version}", flush=True)
        install(version, folder, options.torch, options.newest)
        python = str(folder / "bin" / "python")
        versions = subprocess.run(
            [python, "-c", VERSIONS], capture_output=True, text=True, check=True
        ).stdout.strip()
        results = check(folder, shlex.split(options.tests))
        lines.append(
            f"Python {version} ({versions}): "
            + "; ".join(f"{step} {result}" for step, result in results.items())
        )
        if not options.keep:
            shutil.rmtree(folder)
    print(*lines, sep="\n")
    return int(any("failed" in line for line in lines))


if __name__ == "__main__":
    sys.exit(main())
