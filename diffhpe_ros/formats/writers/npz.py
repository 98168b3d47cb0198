"""npz: numpy's archive of arrays."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from diffhpe_ros.formats.pose_recording import POSE_ROW, PoseRecording, PoseTrack
from diffhpe_ros.io import replacing

ARRAYS = {
    "poses": "pose",
    "root": "root",
    "times_s": "time_s",
    "frames": "frame",
    "confidence": "confidence",
}
"""Array → field of `POSE_ROW`."""


def write(path: Path, recording: PoseRecording) -> None:
    """Write all rows, track after track.

    Arrays: poses (N, 17, 3) root-relative metres, root (N, 3) metres, times_s (N,), frames (N,),
    confidence (N, 17), track_ids (N,). Person 3 is `poses[track_ids == 3]`.

    Raises:
        DiffhpeError: the file cannot be written.
    """
    rows = len(recording)
    with replacing(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, field in ARRAYS.items():
            kind, shape = _kind(field)
            with _member(archive, name, kind, (rows, *shape)) as member:
                for track in recording.tracks:
                    for chunk in track.chunks():
                        member.write(np.ascontiguousarray(chunk[field]).tobytes())
        with _member(archive, "track_ids", np.dtype(np.int64), (rows,)) as member:
            for track in recording.tracks:
                member.write(_ids(track).tobytes())


def _kind(field: str) -> tuple[np.dtype[Any], tuple[int, ...]]:
    kind = POSE_ROW[field]
    return kind.base, kind.shape


def _ids(track: PoseTrack) -> NDArray[np.int64]:
    return np.full(len(track), track.track_id, np.int64)


def _member(
    archive: zipfile.ZipFile, name: str, kind: np.dtype[Any], shape: tuple[int, ...]
) -> Any:
    """An array's file in the archive, opened for writing the array's bytes."""
    member = archive.open(f"{name}.npy", "w", force_zip64=True)
    header = {"descr": npy.dtype_to_descr(kind), "fortran_order": False, "shape": shape}
    npy.write_array_header_1_0(member, header)
    return member
