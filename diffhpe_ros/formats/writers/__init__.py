"""Writes poses to files; the file name's extension selects the format."""

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.extras import require
from diffhpe_ros.formats.axes import rotation_to
from diffhpe_ros.formats.pose_recording import PoseRecording, PoseTrack


class Format(NamedTuple):
    """How files with one extension are written."""

    module: str
    """A module of this package with a function `write`. It is imported at first use, for its
    library."""
    up: str | None
    """The default axis that points up; None: the camera's optical frame."""
    per_person: bool
    """Whether a file holds one person only."""
    extra: str | None = None
    """The extra of setup.py that has its library."""


_FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        ".npz": Format("npz", None, False),
        ".csv": Format("csv_table", None, False),
        ".json": Format("json_frames", None, False),
        ".mcap": Format("mcap_joints", None, False, "demo"),
        ".trc": Format("trc", "y", True),
        ".bvh": Format("bvh", "y", True),
        ".c3d": Format("c3d_points", "z", True, "c3d"),
    }
)
ENDINGS = tuple(_FORMATS)
"""Extensions that can be written."""


def extras_to_write(path: Path) -> tuple[str, ...]:
    """Extras of setup.py that have the library for an extension; none for an unknown one.

    Args:
        path: the file.
    """
    form = _FORMATS.get(path.suffix.lower())
    return (form.extra,) if form is not None and form.extra is not None else ()


def check_ending(path: Path, up: str | None = None) -> None:
    """Refuse an output that cannot be written, before anything is computed.

    Raises:
        DiffhpeError: the extension is not known, its library is not installed, its axes are fixed,
            or `up` is not an axis.
    """
    form = _format(path)
    require(f"writing {path.suffix}", *extras_to_write(path))
    if up is not None and form.up is None:
        upright = ", ".join(ending for ending, each in _FORMATS.items() if each.up)
        raise DiffhpeError(
            f"{path.suffix} files are in the camera's optical frame; --up works only for {upright}"
        )
    if up is not None:
        rotation_to(up)


def write_poses(path: Path, recording: PoseRecording, up: str | None = None) -> list[Path]:
    """Write the poses in the format of the file's extension.

    Formats for a single person (.trc, .bvh, .c3d) get one file per person, if there are several:
    walk.bvh becomes walk-0.bvh, walk-1.bvh … with the track ids.

    Args:
        path: of the file.
        recording: at least one track.
        up: y or z, for formats that are not in the optical frame; None for the format's default.

    Returns:
        The files that were written.

    Raises:
        DiffhpeError: the extension is not known, or a file cannot be written.
    """
    check_ending(path, up)
    form = _format(path)
    write = _writer(form)
    if not form.per_person:
        write(path, recording)
        return [path]
    files = dict(_files(path, recording.tracks))
    for file, track in files.items():
        write(file, track, recording.fps, up or form.up)
    return list(files)


def _files(path: Path, tracks: Iterable[PoseTrack]) -> Iterable[tuple[Path, PoseTrack]]:
    tracks = list(tracks)
    for track in tracks:
        name = f"{path.stem}-{track.track_id}{path.suffix}"
        yield (path.with_name(name) if len(tracks) > 1 else path), track


def _format(path: Path) -> Format:
    form = _FORMATS.get(path.suffix.lower())
    if form is None:
        raise DiffhpeError(
            f"{path}: the ending sets the format; one of {', '.join(ENDINGS)} is expected"
        )
    return form


def _writer(form: Format) -> Callable[..., None]:
    module = import_module(f"{__name__}.{form.module}")
    write: Callable[..., None] = module.write
    return write
