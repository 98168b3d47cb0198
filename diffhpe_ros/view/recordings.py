"""Recordings: images that can be read in any order."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import av
import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.video import VideoReader
from diffhpe_ros.video.display import StreamDisplay
from diffhpe_ros.video.times import FrameTimes

Image = NDArray[np.uint8]


@runtime_checkable
class Recording(Protocol):
    """Images with times. Reading in order is fast; any other order is possible."""

    stamps_ns: NDArray[np.int64]
    """(N,) time of each image in nanoseconds, rising; N is at least 1."""

    def image(self, index: int) -> Image:
        """The image (H, W, 3) BGR with that index in 0..N-1.

        Raises:
            DiffhpeError: it cannot be decoded.
        """

    def close(self) -> None:
        """Close the file."""


class VideoRecording:
    """A video file. Memory grows with its length only by 8 bytes per image."""

    def __init__(self, path: Path) -> None:
        """Read the times of all frames, without decoding them.

        Raises:
            DiffhpeError: the file cannot be read, or does not say when its frames are shown.
        """
        with VideoReader(path) as video:  # reports what is wrong with a file
            fps, self.size = video.fps, (video.width, video.height)
            self.stored_size = video.stored_size
        self._path = path
        self._container = av.open(str(path))
        self._stream: Any = self._container.streams.video[0]
        self._stream.thread_type = "AUTO"
        packets = self._container.demux(self._stream)
        self._pts = sorted({packet.pts for packet in packets if packet.pts is not None})
        if not self._pts:
            raise DiffhpeError(f"{path} has no timestamps for its frames: convert it to mp4")
        tick_s = float(self._stream.time_base or 1 / fps)
        times = FrameTimes(fps, tick_s)
        seconds = np.array([times.next(pts * tick_s) for pts in self._pts])
        self.stamps_ns = np.rint(seconds * 1e9).astype(np.int64)
        self._display: StreamDisplay | None = None
        self._frames: Iterator[Any] = iter(())
        self._next = -1

    def image(self, index: int) -> Image:
        """See `Recording.image`."""
        wanted = self._pts[index]
        if index != self._next:
            self._container.seek(wanted, stream=self._stream)
            self._frames = self._container.decode(self._stream)
        self._next = index + 1
        try:
            frame = next(each for each in self._frames if (each.pts or 0) >= wanted)
            if frame.pts != wanted:
                raise ValueError("a later frame was decoded")
        except (StopIteration, OSError, ValueError):
            self._next = -1
            seconds = self.stamps_ns[index] / 1e9
            raise DiffhpeError(
                f"{self._path} is damaged: its frame at {seconds:.2f} s cannot be decoded"
            ) from None
        if self._display is None:
            self._display = StreamDisplay(self._stream, frame)
        return self._display.show(frame)

    def close(self) -> None:
        """See `Recording.close`."""
        self._container.close()
