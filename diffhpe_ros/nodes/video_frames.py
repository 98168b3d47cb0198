"""Images with stamps from a video file, a network stream or a webcam."""

import time
from collections.abc import Callable, Iterator
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.video import VideoReader


class Frames(Protocol):
    """A source of images in real time."""

    width: int
    height: int
    skipped: int
    """Images that were left out because they were late."""

    def play(self, wait: Callable[[float], bool]) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """Yield (stamp in ns, BGR image (H, W, 3)) when they are due, until there are no more.

        Args:
            wait: waits for a number of seconds; returns True to stop playing.

        Raises:
            DiffhpeError: a stream or webcam gives no more images.
        """

    def close(self) -> None:
        """Close the device."""


_LIVE = ("rtsp", "rtsps", "rtmp", "rtp", "srt", "udp", "tcp")
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
            every: give every frame, however late; else frames that are 0.1 s late are left out, so
                that the delay does not grow.

        Raises:
            DiffhpeError: the file cannot be read.
        """
        with VideoReader(path) as video:
            self.width, self.height, self.fps = video.width, video.height, video.fps
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
        """Seconds since the first frame of the first round, and the images."""
        start_s = 0.0
        while True:
            time_s = 0.0
            with VideoReader(self._path) as video:
                for _, time_s, image in video:
                    yield start_s + time_s, image
            start_s += time_s + 1 / self.fps
            if not self._loop:
                return


def is_live(path: str) -> bool:
    """Whether a path is the address of a live stream, not of a file."""
    scheme, separator, _ = path.partition("://")
    return bool(separator) and scheme.lower() in _LIVE


class StreamFrames:
    """A live stream, such as rtsp://...; the stamp is the time at which an image was decoded."""

    skipped = 0  # late images are lost in the network, uncounted

    def __init__(self, address: str, now_ns: Callable[[], int]) -> None:
        """Connect, and read the size of the images.

        Raises:
            DiffhpeError: the server does not answer, or sends no video.
        """
        self._address = address
        self._now_ns = now_ns
        with VideoReader(address) as video:
            self.width, self.height = video.width, video.height

    def play(self, wait: Callable[[float], bool]) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """Yield the images as they arrive; see `Frames.play`."""
        # Connect again: images that arrived while other nodes were loading would stay late.
        with VideoReader(self._address) as video:
            for _, _, image in video:
                if wait(0.0):
                    return
                yield self._now_ns(), image
        raise DiffhpeError(f"{self._address} gives no images any more")

    def close(self) -> None:
        """Nothing to do: `play` opens and closes it."""


class WebcamFrames:
    """A webcam; the stamp is the time at which an image was grabbed."""

    skipped = 0  # late images are lost in the driver, uncounted

    def __init__(self, number: int, now_ns: Callable[[], int]) -> None:
        """Open the device.

        Raises:
            DiffhpeError: there is no such webcam, or it gives no image.
        """
        self._number = number
        self._now_ns = now_ns
        self._device = cv2.VideoCapture(number)
        self._device.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        read, image = self._device.read()
        if not read:
            self._device.release()
            raise DiffhpeError(f"camera {number} cannot be opened, or is used by another program")
        self.height, self.width = image.shape[:2]

    def play(self, wait: Callable[[float], bool]) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """Yield the images as they arrive; see `Frames.play`."""
        while not wait(0.0):
            grabbed = self._device.grab()
            stamp_ns = self._now_ns()
            read, image = self._device.retrieve() if grabbed else (False, None)
            if not read or image is None:
                raise DiffhpeError(f"camera {self._number} gives no images any more")
            yield stamp_ns, np.asarray(image, np.uint8)

    def close(self) -> None:
        """Close the device."""
        self._device.release()
