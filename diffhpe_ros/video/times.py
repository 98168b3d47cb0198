"""Display times of a video file's frames: its own times, if they are plausible."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np

from diffhpe_ros.errors import DiffhpeError

FALLBACK_FPS = 30.0
"""Frames per second of a file without rate and times."""
_MOST_FPS = 1000.0
_LOOKED_AT = 300
"""Number of packets to measure the rate from if a file does not state its number of frames."""
_SAME_RATE = 0.1
_LEAST_DISTINCT = 0.5
_LONGEST_GAP_S = 60.0
_LONGEST_STEP_BACK_S = 1.0


class FrameTimes:
    """Seconds since the first frame.

    They are the file's own times, without the rounding of some file formats: at a constant rate,
    frame k is at k / fps. Where times jump, as in recordings that were cut together, time advances
    by one frame. Files without times have a constant rate.
    """

    def __init__(self, fps: float, tick_s: float) -> None:
        """Start at 0.

        Args:
            fps: frames per second of the file.
            tick_s: the unit of the file's times.
        """
        self._fps = fps
        self._tick_s = tick_s
        self._start_s: float | None = None
        self._last_s = -1 / fps

    def next(self, own_s: float | None) -> float:
        """The next frame's display time.

        Args:
            own_s: its time in the file, in seconds; None if it has none.
        """
        next_s = self._last_s + 1 / self._fps
        if own_s is None:
            time_s = next_s
        else:
            if self._start_s is None or self._jumps(own_s - self._start_s):
                self._start_s = own_s - next_s
            time_s = self._without_rounding(own_s - self._start_s)
        self._last_s = time_s
        return time_s

    def _jumps(self, time_s: float) -> bool:
        step_s = time_s - self._last_s
        return not -_LONGEST_STEP_BACK_S <= step_s <= _LONGEST_GAP_S

    def _without_rounding(self, time_s: float) -> float:
        exact_s = round(time_s * self._fps) / self._fps
        is_rounded = abs(exact_s - time_s) <= 0.51 * self._tick_s and exact_s > self._last_s
        return exact_s if is_rounded else time_s


def frame_rate(path: str | Path, stream: Any) -> float:
    """Average frames per second.

    If a file states its number of frames, its rate is reliable. Other files may state any rate:
    browsers' recordings say 1000. For these, the rate is measured on the first packets.

    Args:
        path: the file, which is opened a second time for that; or an address, which is not.
        stream: its video stream.
    """
    claimed = float(stream.average_rate or stream.guessed_rate or 0)
    if not stream.frames and "://" not in str(path):
        measured = _measured_rate(_packet_times(path))
        if measured and abs(claimed / measured - 1) > _SAME_RATE:
            return measured
    return claimed if 0 < claimed < _MOST_FPS else FALLBACK_FPS


def _packet_times(path: str | Path) -> list[float]:
    try:
        with av.open(str(path)) as container:
            packets = islice(container.demux(container.streams.video[0]), _LOOKED_AT)
            return sorted(float(p.pts * p.time_base) for p in packets if p.pts is not None)
    except (OSError, ValueError, av.FFmpegError) as error:
        raise DiffhpeError(f"cannot open video {path}: {error}") from None


def _measured_rate(times: Sequence[float]) -> float | None:
    """Frames per second from a file's (increasing) times; None if they do not determine it."""
    steps = np.diff(times)
    steps = steps[steps > 0]
    if not len(steps) or len(steps) < _LEAST_DISTINCT * (len(times) - 1):
        return None
    # Gaps are left out: they do not mean that the camera was slow.
    return float(1 / np.mean(steps[steps <= 10 * np.median(steps)]))
