"""Tracks at a constant rate: motion capture formats have one time step for the whole file."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.formats.pose_recording import CHUNK, PoseTrack, joints_of
from diffhpe_ros.windows.track import at_times

_JITTER = 0.1  # of a frame: 3 ms at 30 frames per second


class EvenTrack:
    """A track's joints at times 0, 1 / fps, 2 / fps … after its first frame.

    Frames at these times, as in most files, are used unchanged. Others, such as a phone's, are
    interpolated.

    Args:
        track: the person.
        fps: frames per second.
    """

    def __init__(self, track: PoseTrack, fps: float) -> None:
        self._track = track
        self.fps = fps
        self.start_s = float(track.rows["time_s"][0])
        times = np.asarray(track.rows["time_s"]) - self.start_s
        self.even = bool((np.abs(times * fps - np.arange(len(times))) < _JITTER).all())
        self._times = times

    def __len__(self) -> int:
        return len(self._times) if self.even else int(self._times[-1] * self.fps + _JITTER) + 1

    def chunks(self, size: int = CHUNK) -> Iterator[NDArray[np.float64]]:
        """Joints (n, 17, 3), optical frame, metres, NaN where unknown, `size` frames at a time."""
        for start in range(0, len(self), size):
            end = min(start + size, len(self))
            if self.even:
                yield joints_of(self._track.rows[start:end]).astype(np.float64)
                continue
            times = np.arange(start, end) / self.fps
            # With one more frame on either side, for the interpolation's curvature.
            first = max(0, int(np.searchsorted(self._times, times[0], "right")) - 2)
            last = int(np.searchsorted(self._times, times[-1], "left")) + 2
            near = self._track.rows[first:last]
            yield at_times(joints_of(near).astype(np.float64), self._times[first:last], times)
