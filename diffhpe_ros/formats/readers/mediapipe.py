"""CSV tables of MediaPipe's 33 pose landmarks.

MediaPipe writes no files itself, so scripts differ. Three layouts are read: one line per landmark
(`frame`, `landmark`, `x`, `y`, `visibility`), and one line per frame with columns that are numbered
(`x0`, `y0`, `v0`, or from 1) or named (`nose_x`, `left_hip_visibility`).
"""

import csv
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.formats.keypoint_rows import KeypointRows

NUM_LANDMARKS = 33
NAMES = (
    "nose", "left_eye_inner", "left_eye", "left_eye_outer",
    "right_eye_inner", "right_eye", "right_eye_outer", "left_ear", "right_ear",
    "mouth_left", "mouth_right", "left_shoulder", "right_shoulder", "left_elbow", "right_elbow",
    "left_wrist", "right_wrist", "left_pinky", "right_pinky", "left_index", "right_index",
    "left_thumb", "right_thumb", "left_hip", "right_hip", "left_knee", "right_knee",
    "left_ankle", "right_ankle", "left_heel", "right_heel", "left_foot_index", "right_foot_index",
)  # fmt: skip
"""Names of the landmarks, in their order."""

_FRAME = ("frame", "frame_id", "frame_idx", "frame_index", "frame_number")
_PERSON = ("person", "person_id", "pose", "pose_id", "pose_index", "track_id", "id")
_LANDMARK = ("landmark", "landmark_id", "landmark_index", "landmark_idx", "landmark_name", "name")
_MILLISECONDS = ("timestamp_ms", "time_ms")
_SECONDS = ("time_s", "timestamp_s", "time", "timestamp")
_NORMALISED = 2.0  # landmarks may lie a little outside the image


def read_mediapipe(path: Path, _sequence: str | None = None) -> KeypointRows:
    """Read a table; see the module for its columns.

    x and y are fractions of the image's width and height, as MediaPipe gives them, or pixels.

    Raises:
        DiffhpeError: the file is no such table.
    """
    table = _load(path)
    frames, persons, points = _long(table, path) if _is_long(table) else _wide(table, path)
    order = np.argsort(frames, kind="stable")
    frames, points = frames[order], points[order]
    seen = np.isfinite(points[..., :2]).all(-1)
    if not seen.any():
        raise DiffhpeError(f"{path}: no landmark is seen in any line")
    ids = None if persons is None else persons[order].astype(np.int64)
    return KeypointRows(
        frames=frames,
        frame_count=int(frames[-1]) + 1,
        keypoints=points[..., :2],
        confidence=np.where(seen, np.nan_to_num(points[..., 2], nan=0.0), np.float32(0)),
        layout="blazepose33",
        track_ids=ids if ids is not None or _repeats(frames) else np.zeros(len(frames), np.int64),
        times_s=_times(table, frames, path),
        normalised=bool(np.abs(points[..., :2][seen]).max() <= _NORMALISED),
    )


def _load(path: Path) -> dict[str, list[str]]:
    """Column → its cells."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = list(csv.reader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DiffhpeError(f"{path}: not readable as CSV ({error})") from None
    if len(lines) < 2:
        raise DiffhpeError(f"{path}: a line of column names and lines of numbers are expected")
    names = [name.strip().lower() for name in lines[0]]
    cells = [line + [""] * (len(names) - len(line)) for line in lines[1:] if any(line)]
    return {name: [line[column] for line in cells] for column, name in enumerate(names)}


def _is_long(table: Mapping[str, Sequence[str]]) -> bool:
    return {"x", "y"} <= table.keys() and any(name in table for name in _LANDMARK)


def _long(
    table: Mapping[str, Sequence[str]], path: Path
) -> tuple[NDArray[np.int64], NDArray[np.float64] | None, NDArray[np.float32]]:
    """Frames (N,), people (N,) if the file gives them, and points (N, 33, 3)."""
    if (lines := _whole(table, _FRAME, path)) is None:
        raise DiffhpeError(f"{path}: a column frame is expected; found {', '.join(table)}")
    landmark = next(table[name] for name in _LANDMARK if name in table)
    numbers = np.array([_landmark_number(cell, path) for cell in landmark])
    people = _whole(table, _PERSON, path)
    key = np.stack([lines, np.zeros(len(lines)) if people is None else people], 1)
    rows, row_of = np.unique(key, axis=0, return_inverse=True)
    points = np.full((len(rows), NUM_LANDMARKS, 3), np.nan, np.float32)
    score = _first(table, ("visibility", "v", "confidence", "score"), path)
    columns = [_numbers(table["x"], path), _numbers(table["y"], path)]
    columns.append(np.ones(len(lines)) if score is None else score)
    points[row_of.ravel(), numbers] = np.stack(columns, -1)
    return _counted(rows[:, 0]), None if people is None else rows[:, 1], points


def _wide(
    table: Mapping[str, Sequence[str]], path: Path
) -> tuple[NDArray[np.int64], NDArray[np.float64] | None, NDArray[np.float32]]:
    """The same from a table with one line per frame."""
    length = len(next(iter(table.values())))
    points = np.full((length, NUM_LANDMARKS, 3), np.nan, np.float32)
    points[..., 2] = 1
    first = 0 if "x0" in table or "x_0" in table else 1
    for landmark, name in enumerate(NAMES):
        number = landmark + first
        for axis, kinds in enumerate((("x",), ("y",), ("visibility", "v", "vis"))):
            columns = [
                column
                for kind in kinds
                for column in (f"{kind}{number}", f"{kind}_{number}", f"{name}_{kind}")
            ]
            cells = _first(table, columns, path)
            if cells is None and axis < 2:
                raise DiffhpeError(
                    f"{path}: column {columns[-1]} or {columns[0]} is missing; columns frame,"
                    f" landmark, x, y are also accepted; found {', '.join(list(table)[:8])} …"
                )
            if cells is not None:
                points[:, landmark, axis] = cells
    frames = _whole(table, _FRAME, path)
    counted = np.arange(length) if frames is None else _counted(frames)
    return counted.astype(np.int64), _whole(table, _PERSON, path), points


def _landmark_number(cell: str, path: Path) -> int:
    name = re.sub(r"[ .-]", "_", cell.strip().lower().removeprefix("poselandmark."))
    number = NAMES.index(name) if name in NAMES else int(name) if name.isdigit() else -1
    if not 0 <= number < NUM_LANDMARKS:
        raise DiffhpeError(f"{path}: a landmark must be a name or 0 to 32, got {cell!r}")
    return number


def _first(
    table: Mapping[str, Sequence[str]], names: Sequence[str], path: Path
) -> NDArray[np.float64] | None:
    """The numbers in the first of these columns that exists."""
    return next((_numbers(table[name], path) for name in names if name in table), None)


def _whole(
    table: Mapping[str, Sequence[str]], names: Sequence[str], path: Path
) -> NDArray[np.float64] | None:
    """As `_first`, where every row must have a whole number."""
    numbers = _first(table, names, path)
    if numbers is None:
        return None
    for row in np.flatnonzero(~np.isfinite(numbers) | (numbers != np.round(numbers))).tolist():
        found = "nothing" if np.isnan(numbers[row]) else f"{numbers[row]:g}"
        raise DiffhpeError(
            f"{path}: a whole number is expected as {names[0]} of row {row + 1}, got {found}"
        )
    return numbers


def _numbers(cells: Sequence[str], path: Path) -> NDArray[np.float64]:
    try:
        return np.array([float(cell) if cell.strip() else np.nan for cell in cells])
    except ValueError as error:
        raise DiffhpeError(f"{path}: numbers are expected ({error})") from None


def _counted(frames: NDArray[np.float64]) -> NDArray[np.int64]:
    return (frames - frames.min()).astype(np.int64)


def _repeats(frames: NDArray[np.int64]) -> bool:
    return len(np.unique(frames)) < len(frames)


def _times(
    table: Mapping[str, Sequence[str]], frames: NDArray[np.int64], path: Path
) -> NDArray[np.float64] | None:
    """(frame_count,) times, if a column gives the time of every frame."""
    scale, cells = 1e-3, _first(table, _MILLISECONDS, path)
    if cells is None:
        scale, cells = 1.0, _first(table, _SECONDS, path)
    if cells is None:
        return None
    lines = _whole(table, _FRAME, path)
    numbers = np.arange(len(cells)) if lines is None else _counted(lines)
    times: NDArray[np.float64] = np.full(int(frames[-1]) + 1, np.nan)
    times[numbers.astype(np.int64)] = scale * cells
    known = np.flatnonzero(np.isfinite(times))
    if len(known) < 2 or (np.diff(times[known]) <= 0).any():
        raise DiffhpeError(f"{path}: times must rise from frame to frame")
    times = np.interp(np.arange(len(times)), known, times[known])
    return times - times[0]
