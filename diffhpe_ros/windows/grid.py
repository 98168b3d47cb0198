"""The uniform grid of times that lifters were trained on, and joints interpolated to it.

Every joint of every grid frame is interpolated between that joint's own neighbouring sightings.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.errors import DiffhpeError

FRAMES = 27
RATE = 50.0
"""Frames per second of the papers' windows, and of motion capture files."""
LIVE_RATE = 30.0
"""Frames per second of the default model's windows."""
BRIDGE_S = 0.1
TOLERANCE_S = 1e-3
"""Stamps have jitter: comparisons of a time with a limit have this tolerance."""

TOLERANCE_NS = round(TOLERANCE_S * 1e9)


def interpolate_joints(
    stamps_ns: NDArray[np.int64],
    values: NDArray[np.float32],
    grid_ns: NDArray[np.int64],
    bridge_ns: int,
) -> NDArray[np.float32]:
    """Interpolate each joint linearly between its own neighbouring sightings.

    All channels are interpolated linearly, including confidence and covariance, so that none jumps
    when a stamp changes by a microsecond. For the covariance that is an upper bound: if the errors
    of the two sightings were independent, their mean would be more certain than either.

    Args:
        stamps_ns: (T,) rising.
        values: (T, J, C); a joint is seen where its first channel is not NaN.
        grid_ns: (G,) times of the interpolated values.
        bridge_ns: there is no interpolation between sightings further apart than this.

    Returns:
        (G, J, C); NaN where a joint has no sighting at that time, nor sightings near enough on both
        sides. Nothing is extrapolated.
    """
    count = len(stamps_ns)
    rows = np.arange(count)[:, None]
    seen = np.isfinite(values[..., 0])
    last_seen = np.maximum.accumulate(np.where(seen, rows, -1), axis=0)
    next_seen = np.minimum.accumulate(np.where(seen, rows, count)[::-1], axis=0)[::-1]

    at_or_before = np.searchsorted(stamps_ns, grid_ns, "right") - 1
    at_or_after = np.searchsorted(stamps_ns, grid_ns, "left")
    inside = ((at_or_before >= 0) & (at_or_after < count))[:, None]
    before = last_seen[np.maximum(at_or_before, 0)]
    after = next_seen[np.minimum(at_or_after, count - 1)]
    known = inside & (before >= 0) & (after < count)
    before, after = np.where(known, before, 0), np.where(known, after, 0)

    apart = stamps_ns[after] - stamps_ns[before]
    known &= apart <= bridge_ns + TOLERANCE_NS
    share = (grid_ns[:, None] - stamps_ns[before]) / np.maximum(apart, 1)
    share = np.where(known, share, np.nan).astype(np.float32)[..., None]
    joints = np.arange(values.shape[1])
    start, end = values[before, joints], values[after, joints]
    return start + share * (end - start)


def check_grid(frames: int, rate: float, bridge_s: float) -> None:
    """Raise a DiffhpeError if the grid makes no sense."""
    if frames < 2:
        raise DiffhpeError(f"windows of at least 2 frames are expected, got {frames}")
    if not 1.0 <= rate <= 1000.0:
        raise DiffhpeError(f"a rate of 1 to 1000 frames per second is expected, got {rate:g}")
    if not 0.0 <= bridge_s < float("inf"):
        raise DiffhpeError(f"a bridged time of at least 0 s is expected, got {bridge_s:g}")


def hide_unseen(keypoints: NDArray[Any], confidence: NDArray[Any]) -> NDArray[np.float32]:
    """Keypoints (..., 2) as float32, NaN where not finite or with a confidence of 0 or less."""
    seen = np.isfinite(keypoints).all(-1) & (confidence > 0)
    return np.where(seen[..., None], keypoints, np.nan).astype(np.float32)
