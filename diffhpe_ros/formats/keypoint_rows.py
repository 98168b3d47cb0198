"""2D keypoints of a recording as other programs write them, in whatever layout they have."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class KeypointRows:
    """One row for each person in each frame. What the file does not say is None."""

    frames: NDArray[np.int64]
    """(N,) number of the frame of each row, from 0 on, not falling. Rows of one frame are
    different people; a frame without rows shows nobody."""
    frame_count: int
    """Frames of the recording, those without rows included."""
    keypoints: NDArray[np.float32]
    """(N, K, 2) pixels, or 0 to 1 where `normalised`; NaN or (0, 0) where unseen."""
    confidence: NDArray[np.float32]
    """(N, K), 0 where unseen."""
    layout: str | None = None
    """A key of `skeleton.LAYOUTS`."""
    track_ids: NDArray[np.int64] | None = None
    """(N,) from 0 on: who is who."""
    times_s: NDArray[np.float64] | None = None
    """(frame_count,) rising."""
    fps: float | None = None
    """Frames per second, where `times_s` is None."""
    size: tuple[int, int] | None = None
    """Width and height of the images in pixels."""
    normalised: bool = False
    """Whether x and y are shares of the image's width and height instead of pixels."""
    notes: tuple[str, ...] = field(default=())
    """What was taken for granted, for a warning."""
