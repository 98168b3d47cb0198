"""Network streams and webcams: devices that may block, vanish and return."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.video import VideoReader
from diffhpe_ros.webcams import open_webcam

Stamped: TypeAlias = tuple[int, NDArray[np.uint8]]
"""Stamp in ns and BGR image (H, W, 3)."""

FIRST_IMAGE_S = 15.0
"""Time limit for the first image, longer than that of a network connection."""
RETRY_S = 2.0
SILENCE_S = 5.0
_POLL_S = 0.1
CLOSE_S = 2.0


class LiveFrames:
    """Images of a device as they arrive, read in a separate thread since the driver may block.

    A device that ends or fails is opened again every two seconds.
    """

    skipped = 0  # late images get lost in the network or the driver, and cannot be counted

    def __init__(
        self,
        name: str,
        images: Callable[[], Iterator[Stamped]],
        is_stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        """Open the device and wait for its first image.

        Args:
            name: name of the device.
            images: opens the device and yields its images.
            is_stopped: whether to give up waiting.

        Raises:
            DiffhpeError: it cannot be opened, or gives no image in time.
        """
        self._name = name
        self._images = images
        self._closed = threading.Event()
        self._changed = threading.Condition()
        self._newest: Stamped | None = None
        self._newest_s = time.monotonic()
        self._error = ""
        self._thread = threading.Thread(target=self._read, name=f"{name} reader", daemon=True)
        self._thread.start()
        try:
            self._wait_for_first(is_stopped)
        except BaseException:
            self.close()
            raise

    @property
    def problem(self) -> str:
        """Why no images arrive; empty while they do."""
        silent_s = time.monotonic() - self._newest_s
        if not self._error and silent_s > SILENCE_S:
            return f"{self._name} has provided no image for {silent_s:.0f} s and does not respond"
        return self._error

    def play(self, wait: Callable[[float], bool]) -> Iterator[Stamped]:
        """Yield the images as they arrive; see `Frames.play`."""
        self._take()  # drops an image from before
        while not wait(0.0):
            if (newest := self._take(_POLL_S)) is not None:
                yield newest

    def close(self) -> None:
        """Close the device, without waiting long for a driver that blocks."""
        self._closed.set()
        self._thread.join(CLOSE_S)

    def _wait_for_first(self, is_stopped: Callable[[], bool]) -> None:
        give_up = time.monotonic() + FIRST_IMAGE_S
        with self._changed:
            while self._newest is None:
                self._changed.wait(_POLL_S)
                if self._error:
                    raise DiffhpeError(self._error)
                if is_stopped() or time.monotonic() > give_up:
                    raise DiffhpeError(
                        f"{self._name} provided no image within {FIRST_IMAGE_S:g} s: it does not"
                        " respond"
                    )

    def _take(self, timeout_s: float = 0.0) -> Stamped | None:
        with self._changed:
            self._changed.wait_for(lambda: self._newest is not None, timeout_s)
            newest, self._newest = self._newest, None
            return newest

    def _read(self) -> None:
        while not self._closed.is_set():
            try:
                for stamped in self._images():
                    if self._closed.is_set():
                        return
                    self._put(stamped)
                error = f"{self._name} no longer provides images; reconnecting"
            except Exception as failure:  # of any driver
                error = str(failure)
            with self._changed:
                self._error = error
                self._changed.notify_all()
            self._closed.wait(RETRY_S)

    def _put(self, stamped: Stamped) -> None:
        with self._changed:
            self._newest, self._newest_s, self._error = stamped, time.monotonic(), ""
            self._changed.notify_all()


def stream_images(address: str, now_ns: Callable[[], int]) -> Iterator[Stamped]:
    """Images of a stream, such as rtsp://...; the stamp is the time of decoding.

    Raises:
        DiffhpeError: the server does not answer, or sends no video.
    """
    with VideoReader(address) as video:
        begin_s = time.monotonic()
        for _, time_s, image in video:
            if video.frame_count is not None:  # a file is read faster than real time
                time.sleep(max(0.0, begin_s + time_s - time.monotonic()))
            yield now_ns(), image


def webcam_images(number: int, now_ns: Callable[[], int]) -> Iterator[Stamped]:
    """Images of a webcam; the stamp is the time of grabbing.

    Raises:
        DiffhpeError: there is no such webcam, or it gives no image.
    """
    device = open_webcam(number)
    try:
        if not device.grab():
            raise DiffhpeError(f"camera {number} provides no image")
        while device.grab():
            stamp_ns = now_ns()
            read, image = device.retrieve()
            if not read or image is None:
                return
            yield stamp_ns, np.asarray(image, np.uint8)
    finally:
        device.release()
