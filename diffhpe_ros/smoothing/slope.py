"""The rate of change of a value at one frame of a window."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

_FEWEST = 2


def slope_at(
    times_s: NDArray[Any], values: NDArray[Any], frame: int, frames: int
) -> NDArray[np.float64]:
    """The slope of the line of best fit through the frames around one frame.

    Args:
        times_s: (P, L) times of the frames, rising.
        values: (P, L, ...) values of each window; a frame with a NaN is ignored.
        frame: index of the frame; negative indices count from the newest.
        frames: number of frames to fit: as many before as after it, or those at the nearest end
            of the window.

    Returns:
        (P, ...) units of the values per second; NaN where fewer than 2 frames are known.
    """
    length = times_s.shape[1]
    first = min(max(frame % length - frames // 2, 0), length - frames)
    rows = slice(first, first + frames)
    near = values[:, rows].astype(np.float64).reshape(len(values), frames, -1)
    known: NDArray[np.bool_] = np.asarray(np.isfinite(near).all(-1))
    seconds = times_s[:, rows] - times_s[:, [frame]]
    count = known.sum(-1, keepdims=True)
    apart = np.where(known, seconds - (known * seconds).sum(-1, keepdims=True) / count.clip(1), 0.0)
    spread = (apart**2).sum(-1)
    slope = np.einsum("pl,pln->pn", apart, np.where(known[..., None], near, 0.0))
    slope /= np.where(spread > 0, spread, 1.0)[:, None]
    slope[count[:, 0] < _FEWEST] = np.nan
    return np.asarray(slope.reshape(len(values), *values.shape[2:]))
