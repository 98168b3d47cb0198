"""The wheel that is built from the sdist works without the checkout."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import numpy as np
import pytest
from keypoint_files import write_walk

from diffhpe_ros.rendering.clip import walking_clip

ROOT = Path(__file__).resolve().parents[1]

pytestmark = pytest.mark.long


def run(*command: object, folder: Path) -> str:
    """The output of a command that cannot see this checkout."""
    clean = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        list(map(str, command)), cwd=folder, env=clean, capture_output=True, text=True, timeout=250
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel, built as pip does, with the build tools of this environment."""
    out = tmp_path_factory.mktemp("dist")
    code = f"import setuptools.build_meta as backend; backend.build_sdist({str(out)!r})"
    run(sys.executable, "-c", code, folder=ROOT)
    (sdist,) = out.glob("*.tar.gz")
    pip = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation"]
    run(*pip, "--wheel-dir", out, sdist, folder=out)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program folder of a new environment with the wheel and its requirements.

    The requirements come from this environment; `make wheel` installs them again.
    """
    environment = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", "--without-pip", environment, folder=environment)
    paths = {"base": str(environment), "platbase": str(environment)}
    site = Path(sysconfig.get_path("purelib", "venv", paths))
    # Only the packages in the folder: its .pth files, such as this checkout's, are ignored.
    (site / "requirements.pth").write_text(sysconfig.get_path("purelib"))
    python = environment / "bin" / "python"
    run(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", wheel, folder=site)
    return python.parent


def test_program_and_library_are_of_the_wheel(programs, tmp_path):
    assert "Usage: diffhpe" in run(programs / "diffhpe", "--help", folder=tmp_path)
    code = (
        "import diffhpe_ros; from diffhpe_ros.lifting.engines import native;"
        "print(diffhpe_ros.__file__, *native.__path__)"
    )
    for place in run(programs / "python", "-c", code, folder=tmp_path).split():
        assert Path(place).is_relative_to(programs.parent)
    share = programs.parent / "share" / "diffhpe_ros"
    assert {path.name for path in share.iterdir()} == {"config", "launch", "models", "package.xml"}
    for folder in ("config", "launch", "models"):
        assert files(share / folder) == files(ROOT / folder)


@pytest.mark.skipif(shutil.which("g++") is None, reason="the library needs a C++ compiler")
def test_library_was_compiled_from_the_sdist(programs):
    assert list(programs.parent.rglob("native/_any*.so"))


def test_walk_is_lifted_by_a_model_of_the_wheel(programs, tmp_path):
    write_walk(tmp_path / "walk.npz")
    run(programs / "diffhpe", "lift", "walk.npz", "--out", "poses.npz", folder=tmp_path)
    with np.load(tmp_path / "poses.npz") as lifted:
        truth = walking_clip().joints[lifted["frames"]]
        error = np.linalg.norm(lifted["poses"] - (truth - truth[:, :1]), axis=-1)
    assert len(error) == 180
    assert error.mean() < 0.05


def files(folder: Path) -> set[str]:
    """The files below a folder, without what Python or an editor left."""
    return {
        str(path.relative_to(folder))
        for path in folder.rglob("[!.]*")
        if path.is_file() and path.suffix != ".pyc"
    }
