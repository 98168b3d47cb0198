"""2D keypoints of a recording as other programs write them, in any layout."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class KeypointRows:
    """One row for each person in each frame. Fields that the file does not give are None."""

    frames: NDArray[np.int64]
    """(N,) each row's frame number, from 0, not decreasing. Rows of one frame are different people;
    a frame without rows shows no person."""
    frame_count: int
    """Number of frames in the recording, including those without rows."""
    keypoints: NDArray[np.float32]
    """(N, K, 2) pixels, or 0 to 1 where `normalised`; NaN or (0, 0) where unseen."""
    confidence: NDArray[np.float32]
    """(N, K), 0 where unseen."""
    layout: str | None = None
    """A key of `skeleton.LAYOUTS`."""
    track_ids: NDArray[np.int64] | None = None
    """(N,) from 0: identifies people over time."""
    times_s: NDArray[np.float64] | None = None
    """(frame_count,) increasing."""
    fps: float | None = None
    """Frames per second, used if `times_s` is None."""
    size: tuple[int, int] | None = None
    """Width and height of the images in pixels."""
    normalised: bool = False
    """Whether x and y are fractions of the image's width and height instead of pixels."""
    notes: tuple[str, ...] = field(default=())
    """Assumptions that were made, for a warning."""
