"""Packs trained models into a few files that are complete at all times."""

import hashlib
import zipfile
from pathlib import Path

from diffhpe_ros.installed_models import WEIGHTS_FILE
from diffhpe_ros.lifting.checkpoints.model_folders import CHECKSUM_FILE

SMALL = ("mixste", "mixste-robust", "diffpose")
"""Models that share a file: results are returned as eight files of 16 MB."""


def bundle_models(models: Path, out: Path) -> None:
    """Zip the changed folders models/NAME/model, into one file each or a shared one.

    A folder that is being replaced at this moment is left for the next call.
    """
    groups: dict[str, list[Path]] = {}
    for folder in sorted(models.glob("*/model")):
        name = folder.parent.name
        groups.setdefault("small-models" if name in SMALL else name, []).append(folder)
    for name, folders in groups.items():
        target = out / f"{name}.zip"
        try:
            newest = max(file.stat().st_mtime_ns for folder in folders for file in folder.iterdir())
            if target.is_file() and target.stat().st_mtime_ns >= newest:
                continue
            contents = [_contents(folder) for folder in folders]
        except OSError:
            continue
        if all(contents):
            _write(target, {k: v for each in contents for k, v in each.items()})


def unbundle(archives: Path, folder: Path) -> None:
    """Unpack the models of an earlier run."""
    for archive in sorted(archives.glob("*.zip")):
        with zipfile.ZipFile(archive) as bundle:
            bundle.extractall(folder)


def _contents(folder: Path) -> dict[str, bytes]:
    """Files of a model folder by their names in the archive; none if they are inconsistent."""
    name = folder.parent.name
    files = {f"{name}/{file.name}": file.read_bytes() for file in folder.iterdir()}
    weights = files.get(f"{name}/{WEIGHTS_FILE}", b"")
    expected = files.get(f"{name}/{CHECKSUM_FILE}", b"").decode().split()[:1]
    settings = folder.parent / "train.yaml"
    if settings.is_file():
        files[f"{name}/train.yaml"] = settings.read_bytes()
    return files if expected == [hashlib.sha256(weights).hexdigest()] else {}


def _write(target: Path, files: dict[str, bytes]) -> None:
    new = target.with_name(f".{target.name}.new")
    with zipfile.ZipFile(new, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, content in files.items():
            bundle.writestr(name, content)
    new.replace(target)
