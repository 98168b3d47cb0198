"""The folder next to the output that holds a run's work: all frames' people, and their poses.

Records of fixed size are appended, so complete records remain when a run is stopped at any time.
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
"""A person in a frame; world landmarks and clothes are NaN if there are none."""
TRACK_FILES = "track-*.rows"
"""The poses, a file per person."""
FORMAT = 2
"""Version of these files and of the sources' states; increased when they change."""
_TIME = np.dtype(np.float64)
_CHECKPOINT = 32
"""Frames between checkpoints; a resumed run continues after the last one."""


class Workspace:
    """The folder of one output.

    Use it as a context manager. It is removed at the end, unless the run ended early and can be
    resumed.

    Args:
        out: the output.
        settings: what the results depend on; a run can only be resumed with the same settings.
        resume: whether to continue with existing files.

    Raises:
        DiffhpeError: files exist but `resume` is false, or they have other settings.
    """

    def __init__(self, out: Path, settings: Mapping[str, object], resume: bool) -> None:
        self.folder = out.with_name(f"{out.name}.part")
        self._times, self._people = self.folder / "times.f8", self.folder / "people.rows"
        self._note = self.folder / "settings.json"
        self._checkpoint = self.folder / "checkpoint.json"
        self.state: State | None = None
        """State of the source after the last frame."""
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
        """Number of frames whose people are known."""
        return _rows(self._times, _TIME)

    def times_s(self) -> NDArray[np.float64]:
        """(T,) times of all frames, memory-mapped."""
        return _mapped(self._times, _TIME)

    def people(self) -> NDArray[Any]:
        """(N,) of `PERSON_ROW`, the people of all frames, memory-mapped."""
        return _mapped(self._people, PERSON_ROW)

    def frames(self) -> Iterator[PeopleFrame]:
        """The written people, frame by frame."""
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
        """Write frames as they come, and yield them.

        Args:
            frames: those that come after the existing ones.
            state: gives the source's state after the last frame.

        Raises:
            DiffhpeError: the frames cannot be written, as on a full disk.
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
        """Cut off incomplete records after a stop."""
        self._cut(self.frame_count)

    def _go_back(self) -> None:
        """Go back to the last checkpoint, where the source's state is known."""
        count = 0
        if self._checkpoint.is_file():
            saved = self._read(self._checkpoint)
            if saved["frames"] <= self.frame_count:
                count, self.state = saved["frames"], saved["state"]
        self._cut(count)

    def _save(self, frames: int, state: State) -> None:
        write_json(self._checkpoint, {"frames": frames, "state": state})

    def _cut(self, count: int) -> None:
        """Keep this many frames."""
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
