"""One person's pose over time from overlapping windows."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.errors import DiffhpeError


class Blending:
    """Outputs one frame of each window, blended with the previous windows.

    Each window gives a slightly different pose for the same motion, so the poses of successive
    windows jump. But an earlier window does not reach to the newest frame. Therefore the last
    output is moved on by the motion since then in the newest window, which contains no jump. The
    newest window's own pose replaces it only gradually:

        p(t) = w(t) + e^(-(t - t') / blend_s) · (p(t') - w(t'))

    with the newest window w, the time t' of the last output, and the output p. That is the mean of
    all windows, weighted by e^(-age / blend_s), each moved on by the motion in the later windows.
    It adds no delay.

    Args:
        blend_s: seconds after which an earlier window's weight has fallen to 37 %; 0 outputs each
            window as it is.

    Raises:
        DiffhpeError: it is negative or not finite.
    """

    def __init__(self, blend_s: float) -> None:
        if not 0.0 <= blend_s < math.inf:
            raise DiffhpeError(f"windows are blended over 0 s or more, got {blend_s:g} s")
        self._blend_s = blend_s
        self._shown: NDArray[np.float64] | None = None
        self._shown_ns = 0

    def __call__(
        self, times_ns: NDArray[np.int64], poses: NDArray[Any], frame: int
    ) -> NDArray[np.float64]:
        """Add the next window.

        Args:
            times_ns: (L,) times of its frames, rising.
            poses: (L, J, 3).
            frame: index of the output frame.

        Returns:
            (J, 3), the blended pose of that frame. If there was no output within the window and
            before that frame, it is the window's own pose.
        """
        pose: NDArray[np.float64] = poses[frame].astype(np.float64)
        now_ns = int(times_ns[frame])
        if self._shown is not None and times_ns[0] <= self._shown_ns <= now_ns:
            remains = self._remains((now_ns - self._shown_ns) / 1e9)
            pose = pose + remains * (self._shown - pose_at(times_ns, poses, self._shown_ns))
        self._shown, self._shown_ns = (pose if np.isfinite(pose).all() else None), now_ns
        return pose

    def _remains(self, seconds: float) -> float:
        return math.exp(-seconds / self._blend_s) if self._blend_s else 0.0


def pose_at(times_ns: NDArray[np.int64], poses: NDArray[Any], time_ns: int) -> NDArray[np.float64]:
    """The pose (J, 3) at a time within a window (L,), (L, J, 3), interpolated linearly."""
    after = min(max(int(np.searchsorted(times_ns, time_ns)), 1), len(times_ns) - 1)
    before = after - 1
    share = (time_ns - times_ns[before]) / (times_ns[after] - times_ns[before])
    later = poses[after].astype(np.float64)
    pose: NDArray[np.float64] = (1 - share) * poses[before] + share * later
    return pose
