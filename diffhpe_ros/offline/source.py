"""What sources give: the people in each frame of a recording."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.camera import Camera
from diffhpe_ros.detection import People
from diffhpe_ros.skeleton import NUM_JOINTS

State: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class PeopleFrame:
    """P people in one frame."""

    time_s: float
    """Seconds since the first frame."""
    track_ids: NDArray[np.int64]
    """(P,) from 0 on, `NOT_FOLLOWED` for those that are not followed."""
    keypoints: NDArray[np.float32]
    """(P, 17, 2) pixels, NaN where unseen."""
    confidence: NDArray[np.float32]
    """(P, 17), 0 where unseen."""
    world_landmarks: NDArray[np.float32] | None = None
    """(P, 17, 3), see `People.world_landmarks`; None where there are none."""
    clothes: NDArray[np.float32] | None = None
    """(P, 2, 3), see `People.clothes`; None where there are none."""

    @property
    def stamp_ns(self) -> int:
        """The time in nanoseconds."""
        return round(self.time_s * 1e9)

    def people(self) -> People:
        """The same as a tracker takes it."""
        unknown = np.full((len(self.keypoints), NUM_JOINTS, 2, 2), np.nan, np.float32)
        return People(self.keypoints, self.confidence, unknown, clothes=self.clothes)


class Source(Protocol):
    """A recording of one camera."""

    frame_count: int | None
    """None where it is not known."""
    live: bool
    """Whether it has no end of its own: a camera or a stream."""
    cheap: bool
    """Whether its people are known already, so that nothing is lost where a run fails."""
    start_ns: int
    """Stamp of the first frame; 0 where the recording has times only."""
    confuses_left_and_right: bool
    """Whether left and right are as a detector saw them, frame by frame."""
    warnings: tuple[str, ...]
    """What was guessed, or is unlikely of it."""

    @property
    def camera(self) -> Camera:
        """That took the images."""

    def frames(
        self, past: Iterable[PeopleFrame] = (), state: State | None = None
    ) -> Iterator[PeopleFrame]:
        """The people of each frame, times rising.

        Args:
            past: what this gave in an earlier run: it goes on after that.
            state: its `state` after the last of them.

        Raises:
            DiffhpeError: the recording cannot be read.
        """

    def state(self) -> State:
        """What the frames after the last that `frames` gave depend on, as JSON has it."""
