"""The root trajectory of a whole recording."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.geometry import localize_windows
from diffhpe_ros.windows import FRAMES, RATE

_AT_ONCE = 512  # frames per batch; bounds the memory
_AROUND_S = (FRAMES - 1) / RATE / 2


def localize_track(
    times_s: NDArray[Any], poses: NDArray[Any], canonical: NDArray[Any], confidence: NDArray[Any]
) -> NDArray[Any]:
    """The root in every frame, fitted to the frames within 0.26 s before and after it.

    Args:
        times_s: (T,) rising.
        poses: (T, 17, 3) root-relative metres, NaN where unknown.
        canonical: (T, 17, 2) canonical view, NaN where unseen.
        confidence: (T, 17), 0 where unseen.

    Returns:
        (T, 3) metres, optical frame; NaN where unknown, see `localize_windows`.
    """
    times = np.asarray(times_s, np.float64)
    root = np.full((len(times), 3), np.nan, np.result_type(poses, np.float32))
    around = np.arange(-(FRAMES // 2), FRAMES // 2 + 1)
    for start in range(0, len(times), _AT_ONCE):
        frames = np.arange(start, min(start + _AT_ONCE, len(times)))
        rows = frames[:, None] + around
        inside = (rows >= 0) & (rows < len(times))
        rows = rows.clip(0, len(times) - 1)
        near = inside & (np.abs(times[rows] - times[frames, None]) <= _AROUND_S)
        place = localize_windows(
            poses[rows],
            canonical[rows],
            np.where(near[..., None], confidence[rows], 0),
            times[rows],
        )
        root[frames] = place.root[:, FRAMES // 2]
    return root
