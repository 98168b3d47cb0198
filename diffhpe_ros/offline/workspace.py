"""The folder beside the output with what a run has done: the people of all frames, and their poses.

Records of fixed size are appended, so a run that was stopped at any time leaves whole ones.
"""

import json
import shutil
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.io import write_json
from diffhpe_ros.offline.source import PeopleFrame, State
from diffhpe_ros.skeleton import NUM_JOINTS

PERSON_ROW = np.dtype(
    [
        ("frame", np.int64),
        ("track_id", np.int64),
        ("keypoints", np.float32, (NUM_JOINTS, 2)),
        ("confidence", np.float32, (NUM_JOINTS,)),
        ("world_landmarks", np.float32, (NUM_JOINTS, 3)),
        ("clothes", np.float32, (2, 3)),
    ]
)
"""A person in a frame; world landmarks and clothes are NaN where there are none."""
TRACK_FILES = "track-*.rows"
"""Poses of each person."""
FORMAT = 2
"""Of these files, and of the sources' states; one more when they change."""
_TIME = np.dtype(np.float64)
_CHECKPOINT = 32
"""Frames from one checkpoint to the next: a run goes on after the last one."""


class Workspace:
    """The folder of one output.

    Use it as a context manager. It is removed at the end, unless a run was stopped and could go on.

    Args:
        out: the output.
        settings: what the results depend on; a run goes on only with the same.
        resume: whether to go on with what is there.

    Raises:
        DiffhpeError: something is there and not to be gone on with, or of other settings.
    """

    def __init__(self, out: Path, settings: Mapping[str, object], resume: bool) -> None:
        self.folder = out.with_name(f"{out.name}.part")
        self._times, self._people = self.folder / "times.f8", self.folder / "people.rows"
        self._note = self.folder / "settings.json"
        self._checkpoint = self.folder / "checkpoint.json"
        self.state: State | None = None
        """Of the source after the last frame."""
        if self.folder.exists() and not resume:
            raise DiffhpeError(
                f"{self.folder} is left over from a stopped run: continue it with --resume, or"
                " remove it"
            )
        try:
            self.folder.mkdir(exist_ok=True)
        except OSError as error:
            raise DiffhpeError(f"cannot make {self.folder}: {error.strerror}") from None
        settings = {"format": FORMAT, **settings}
        if self._note.is_file():
            self._check(settings)
        else:
            write_json(self._note, settings)
        self.keep = False
        """Whether the folder is still needed after this run."""
        self._go_back()

    def __enter__(self) -> "Workspace":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        lifted = kind is not None and any(self.folder.glob(TRACK_FILES))
        if not (self.keep and self.frame_count) and not lifted:
            shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def frame_count(self) -> int:
        """Frames whose people are known."""
        return _rows(self._times, _TIME)

    def times_s(self) -> NDArray[np.float64]:
        """(T,) of all frames, mapped into memory."""
        return _mapped(self._times, _TIME)

    def people(self) -> NDArray[Any]:
        """(N,) of `PERSON_ROW` of all frames, mapped into memory."""
        return _mapped(self._people, PERSON_ROW)

    def frames(self) -> Iterator[PeopleFrame]:
        """What was written, frame by frame."""
        people, times = self.people(), self.times_s()
        ends = np.searchsorted(people["frame"], np.arange(len(times) + 1))
        for frame, time_s in enumerate(times.tolist()):
            rows = people[ends[frame] : ends[frame + 1]]
            yield PeopleFrame(
                time_s,
                np.array(rows["track_id"]),
                np.array(rows["keypoints"]),
                np.array(rows["confidence"]),
                clothes=np.array(rows["clothes"]),
            )

    def extend(
        self, frames: Iterator[PeopleFrame], state: Callable[[], State]
    ) -> Generator[PeopleFrame, None, None]:
        """Write frames as they come, and give them on.

        Args:
            frames: that come after those that are there.
            state: of the source after the last one that came.

        Raises:
            DiffhpeError: they cannot be written, as on a full disk.
        """
        count = self.frame_count
        try:
            with self._people.open("ab") as people, self._times.open("ab") as times:
                for number, frame in enumerate(frames, count):
                    rows = np.zeros(len(frame.track_ids), PERSON_ROW)
                    rows["frame"], rows["track_id"] = number, frame.track_ids
                    rows["keypoints"], rows["confidence"] = frame.keypoints, frame.confidence
                    world = frame.world_landmarks
                    rows["world_landmarks"] = np.nan if world is None else world
                    rows["clothes"] = np.nan if frame.clothes is None else frame.clothes
                    people.write(rows.tobytes())
                    times.write(np.float64(frame.time_s).tobytes())
                    count = number + 1
                    if count % _CHECKPOINT == 0:
                        people.flush()
                        times.flush()
                        self._save(count, state())
                    yield frame
            self._save(count, state())
        except OSError as error:
            raise DiffhpeError(f"cannot write to {self.folder}: {error.strerror}") from None

    def settle(self) -> None:
        """Cut off what is not whole, after a stop."""
        self._cut(self.frame_count)

    def _go_back(self) -> None:
        """To the last checkpoint: the state of the source is known there."""
        count = 0
        if self._checkpoint.is_file():
            saved = self._read(self._checkpoint)
            if saved["frames"] <= self.frame_count:
                count, self.state = saved["frames"], saved["state"]
        self._cut(count)

    def _save(self, frames: int, state: State) -> None:
        write_json(self._checkpoint, {"frames": frames, "state": state})

    def _cut(self, count: int) -> None:
        """Leave so many frames."""
        _truncate(self._times, _TIME, count)
        rows = _rows(self._people, PERSON_ROW)
        if rows:
            frames = _mapped(self._people, PERSON_ROW)["frame"][:rows]
            rows = int(np.searchsorted(frames, count))
        _truncate(self._people, PERSON_ROW, rows)

    def _check(self, settings: Mapping[str, object]) -> None:
        before = self._read(self._note)
        for name, value in json.loads(json.dumps(settings)).items():
            if before.get(name) != value:
                raise DiffhpeError(
                    f"{self.folder} was started with {name} {before.get(name)}, not {value};"
                    " continue with the same, or remove it"
                )

    def _read(self, file: Path) -> Any:
        try:
            return json.loads(file.read_text())
        except (OSError, ValueError):
            raise DiffhpeError(f"{file} is damaged; remove {self.folder}") from None


def _rows(path: Path, kind: np.dtype[Any]) -> int:
    return path.stat().st_size // kind.itemsize if path.is_file() else 0


def _mapped(path: Path, kind: np.dtype[Any]) -> NDArray[Any]:
    rows = _rows(path, kind)
    return np.memmap(path, kind, "r", shape=(rows,)) if rows else np.zeros(0, kind)


def _truncate(path: Path, kind: np.dtype[Any], rows: int) -> None:
    if path.is_file():
        with path.open("rb+") as file:
            file.truncate(rows * kind.itemsize)
