"""The interface of sources, which give the people in each frame of a recording."""

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
    """(P,) ids from 0, `NOT_FOLLOWED` for people that are not tracked."""
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
        """The same people in the form that a tracker takes."""
        unknown = np.full((len(self.keypoints), NUM_JOINTS, 2, 2), np.nan, np.float32)
        return People(self.keypoints, self.confidence, unknown, clothes=self.clothes)


class Source(Protocol):
    """A recording of one camera."""

    frame_count: int | None
    """Number of frames; None if it is not known."""
    live: bool
    """Whether it has no end, like a camera or a stream."""
    cheap: bool
    """Whether its people are already known, so that a failed run loses nothing."""
    start_ns: int
    """Stamp of the first frame; 0 if the recording has only relative times."""
    confuses_left_and_right: bool
    """Whether left and right come from a detector that saw each frame separately."""
    warnings: tuple[str, ...]
    """Guesses about the recording, and what is unlikely in it."""

    @property
    def camera(self) -> Camera:
        """The camera that took the images."""

    def frames(
        self, past: Iterable[PeopleFrame] = (), state: State | None = None
    ) -> Iterator[PeopleFrame]:
        """The people of each frame, with increasing times.

        Args:
            past: the frames that an earlier run got; this run continues after them.
            state: the source's `state` after the last of them.

        Raises:
            DiffhpeError: the recording cannot be read.
        """

    def state(self) -> State:
        """The state that frames after the last one depend on, as JSON values."""
