"""Images with stamps from a video file, in real time."""

import time
from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.video import VideoReader


class Frames(Protocol):
    """A source of images in real time."""

    skipped: int
    """Number of images skipped because they were late."""

    @property
    def problem(self) -> str:
        """Why no images arrive; empty while they do."""

    def play(self, wait: Callable[[float], bool]) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """Yield (stamp in ns, BGR image (H, W, 3)) when they are due, until there are no more.

        Args:
            wait: waits for a number of seconds; returns True to stop playing.

        Raises:
            DiffhpeError: the file can no longer be read.
        """

    def close(self) -> None:
        """Close the device."""


_LATE_S = 0.1
_MOST_SKIPPED = 9  # in a row, so that even a very slow machine shows some images


class FileFrames:
    """A video file in real time: frames have the stamp t0 + their time in the file."""

    def __init__(
        self,
        path: str,
        now_ns: Callable[[], int],
        *,
        start_ns: int | None = None,
        loop: bool = False,
        every: bool = False,
    ) -> None:
        """Read the size and rate of the file.

        Args:
            path: the file.
            now_ns: the clock.
            start_ns: t0; None for the time at which `play` is called.
            loop: play again after the end; the stamps keep rising.
            every: yield every frame, however late; else frames that are 0.1 s late are skipped, so
                that the delay does not grow.

        Raises:
            DiffhpeError: the file cannot be read.
        """
        with VideoReader(path) as video:
            self.size, self.stored_size = (video.width, video.height), video.stored_size
            self.fps, self.frame_count = video.fps, video.frame_count
        self.problem = ""
        self._path = path
        self._now_ns = now_ns
        self._start_ns = start_ns
        self._loop = loop
        self._every = every
        self.skipped = 0

    def play(self, wait: Callable[[float], bool]) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """Yield the frames when they are due; see `Frames.play`."""
        start_ns = self._now_ns() if self._start_ns is None else self._start_ns
        begin = time.monotonic()
        in_a_row = 0
        for due, image in self._images():
            remaining_s = begin + due - time.monotonic()
            if remaining_s < -_LATE_S and not self._every and in_a_row < _MOST_SKIPPED:
                in_a_row += 1
                self.skipped += 1
                continue
            if wait(max(0.0, remaining_s)):
                return
            in_a_row = 0
            yield start_ns + round(due * 1e9), image

    def close(self) -> None:
        """Nothing to do: `play` opens and closes it."""

    def _images(self) -> Iterator[tuple[float, NDArray[np.uint8]]]:
        """The images, each with the seconds since the first frame of the first round."""
        start_s = 0.0
        while True:
            time_s = 0.0
            with VideoReader(self._path) as video:
                for _, time_s, image in video:
                    yield start_s + time_s, image
            start_s += time_s + 1 / self.fps
            if not self._loop:
                return
