"""Reads video files with PyAV."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.video.display import StreamDisplay
from diffhpe_ros.video.times import FrameTimes, frame_rate

_log = logging.getLogger(__name__)

TIMEOUT_S = 10.0  # network timeout


class VideoReader:
    """The frames of a video file, once from first to last, as players show them.

    They are rotated and mirrored as the file says, their pixels are square, and their times are the
    file's own.

    A file that is damaged or cut off gives the frames that can be decoded, then a warning in the
    log: a recording that a crash cut short is still worth lifting.

    Use it as a context manager:

        with VideoReader("clip.mp4") as video:
            for index, time_s, image in video:
                ...
    """

    def __init__(self, path: str | Path) -> None:
        """Open the file and decode its first frame.

        Args:
            path: the file, or an address such as rtsp://... or http://...

        Raises:
            DiffhpeError: the file is missing, the address does not answer, it is no video, or no
                frame can be decoded.
        """
        self.path = path
        begin = time.monotonic()
        timeout_s = TIMEOUT_S if "://" in str(path) else None
        try:
            self._container = av.open(str(path), timeout=timeout_s)
        except (OSError, ValueError, av.FFmpegError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            if timeout_s is not None and time.monotonic() - begin > timeout_s:
                reason = f"no video was received within {timeout_s:g} s"
            raise DiffhpeError(f"cannot open video {path}: {reason}") from None
        try:
            self._open_stream()
        except BaseException:
            self._container.close()
            raise

    def _open_stream(self) -> None:
        if not self._container.streams.video:
            raise DiffhpeError(f"{self.path} has no video stream")
        stream = self._container.streams.video[0]
        stream.thread_type = "AUTO"
        self._damaged = 0
        self._frames = self._decode(stream)
        first = next(self._frames, None)
        if first is None:
            raise DiffhpeError(f"video {self.path} has no frames that can be decoded")
        self._first: av.VideoFrame | None = first
        self._display = StreamDisplay(stream, first)
        self.width: int = self._display.width
        """Width in pixels, as shown."""
        self.height: int = self._display.height
        """Height in pixels, as shown."""
        self.stored_size = self._display.stored_size
        """Width and height as shown, but with the file's own pixels, which may be oblong."""
        self.fps = frame_rate(self.path, stream)
        """Average frames per second."""
        self._times = FrameTimes(self.fps, float(stream.time_base or 0))
        self.frame_count = self._count(stream)
        """The number of frames that the file states; None if it states none."""

    def __enter__(self) -> VideoReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._container.close()

    def __iter__(self) -> Iterator[tuple[int, float, NDArray[np.uint8]]]:
        """Give (index, seconds since the first frame, BGR image (height, width, 3)).

        A second pass needs a new reader.
        """
        if self._first is None:
            return
        first, self._first = self._first, None
        index = 0
        for index, frame in enumerate(chain([first], self._frames)):
            yield index, self._times.next(frame.time), self._display.show(frame)
        if self._damaged or index + 1 < (self.frame_count or 0):
            _log.warning(
                "video %s is damaged: %d of %s frames could be decoded",
                self.path,
                index + 1,
                self.frame_count or "an unknown number of",
            )

    def _decode(self, stream: Any) -> Iterator[av.VideoFrame]:
        """All frames that can be decoded; counts the packets that cannot."""
        packets = self._container.demux(stream)
        while True:
            try:
                packet = next(packets, None)
            except (OSError, ValueError, av.FFmpegError):
                self._damaged += 1
                return
            if packet is None:
                return
            try:
                frames = packet.decode()
            except (OSError, ValueError, av.FFmpegError):
                self._damaged += 1
                continue
            yield from frames

    def _count(self, stream: Any) -> int | None:
        if stream.frames:
            return int(stream.frames)
        if stream.duration and stream.time_base:
            return round(float(stream.duration * stream.time_base) * self.fps)
        return None
