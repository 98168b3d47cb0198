"""Images with their times, from a video, a stream, a folder or a webcam."""

import logging
import math
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.camera import Camera
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.offline.options import SourceOptions, required
from diffhpe_ros.paths import is_address, is_live
from diffhpe_ros.video import VideoReader
from diffhpe_ros.video.jpeg import DamagedImageError
from diffhpe_ros.video.ros_images import decode_image
from diffhpe_ros.webcams import open_webcam

_log = logging.getLogger(__name__)

IMAGE_ENDINGS = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")

Frames = Iterator[tuple[float, NDArray[np.uint8]]]


class Images(ABC):
    """One camera's images with their times."""

    size: tuple[int, int]
    """Width and height in pixels."""
    stored_size: tuple[int, int] | None = None
    """Size in a file whose pixels are not square; None: the same as `size`."""
    frame_count: int | None = None
    """Number of images; None if it is not known."""
    fps: float | None = None
    """Images per second, on average; None if it is not known."""
    live = False
    """Whether the images have no end."""
    own_camera: Camera | None = None
    """The calibration that comes with the images."""
    start_ns = 0
    """Stamp of the first image; 0 if they have only relative times."""

    def frames_within(self, seconds: float | None) -> int | None:
        """The approximate number of images in the first seconds; None: the whole recording."""
        if seconds is None or self.frame_count is None:
            return self.frame_count
        return None if self.fps is None else min(self.frame_count, math.ceil(seconds * self.fps))

    @abstractmethod
    def frames(self) -> Frames:
        """Seconds since the first image, and BGR images (H, W, 3)."""

    @abstractmethod
    def close(self) -> None:
        """Close the file or device."""


class VideoImages(Images):
    """A video file or a stream.

    Raises:
        DiffhpeError: the video cannot be read.
    """

    def __init__(self, address: str) -> None:
        self._reader = VideoReader(address)
        self.size = self._reader.width, self._reader.height
        self.stored_size = self._reader.stored_size
        self.frame_count, self.fps = self._reader.frame_count, self._reader.fps
        self.live = is_live(address) or (is_address(address) and self.frame_count is None)

    def frames(self) -> Frames:
        """See `Images.frames`."""
        for _, time_s, image in self._reader:
            yield time_s, image

    def close(self) -> None:
        """Close the file."""
        self._reader.close()


class FolderImages(Images):
    """Image files, in the order of the numbers in their names.

    Raises:
        DiffhpeError: there are none, or the first cannot be read.
    """

    def __init__(self, files: Iterable[Path], fps: float, path: object) -> None:
        self._files = sorted(files, key=_natural)
        if not self._files:
            raise DiffhpeError(f"{path}: no images; {', '.join(IMAGE_ENDINGS)} are expected")
        self.fps: float = fps
        height, width = _read_image(self._files[0]).shape[:2]
        self.size = width, height
        self.frame_count = len(self._files)

    def frames(self) -> Frames:
        """See `Images.frames`."""
        damaged: list[str] = []
        for number, file in enumerate(self._files):
            try:
                image = _read_image(file)
            except DamagedImageError as error:
                damaged.append(str(error))
                continue
            yield number / self.fps, image
        warn_of_damage(damaged, self.frame_count)

    def close(self) -> None:
        """Do nothing, since no file stays open."""


class WebcamImages(Images):
    """A webcam; an image's time is when it was grabbed.

    Raises:
        DiffhpeError: there is no such webcam, or it gives no image.
    """

    live = True

    def __init__(self, number: int) -> None:
        self._number = number
        self._device = open_webcam(number)
        read, image = self._device.read()
        if not read or image is None:
            self._device.release()
            raise DiffhpeError(f"camera {number} provides no image")
        self.size = image.shape[1], image.shape[0]

    def frames(self) -> Frames:
        """See `Images.frames`."""
        start = time.monotonic()
        while True:
            grabbed = self._device.grab()
            time_s = time.monotonic() - start
            read, image = self._device.retrieve() if grabbed else (False, None)
            if not read or image is None:
                raise DiffhpeError(f"camera {self._number} no longer provides images")
            yield time_s, np.asarray(image, np.uint8)

    def close(self) -> None:
        """Close the device."""
        self._device.release()


def warn_of_damage(damaged: Sequence[str], count: int | None) -> None:
    """Log how many images were left out.

    Args:
        damaged: the reason for each one.
        count: number of all images.
    """
    if damaged:
        texts = len(damaged), count, damaged[0]
        _log.warning("%d of %s images are damaged and were skipped: %s", *texts)


def folder_images(path: str, options: SourceOptions) -> FolderImages | None:
    """The images of a folder, or of a pattern with * or %05d; None if `path` is neither.

    Raises:
        DiffhpeError: there are none, or the rate is not given.
    """
    place = Path(path)
    pattern = re.sub(r"%0?\d*d", "*", place.name)
    if place.is_dir():
        files = [each for each in place.iterdir() if each.suffix.lower() in IMAGE_ENDINGS]
    elif "*" in pattern and not place.is_file():
        files = list(place.parent.glob(pattern))
    else:
        return None
    fps = options.fps
    if len(files) > 1:
        fps = required(fps, "the number of images per second", "--fps", path)
    return FolderImages(files, fps or 1.0, path)


def _read_image(file: Path) -> NDArray[np.uint8]:
    try:
        return decode_image(file.read_bytes())
    except OSError as error:
        raise DiffhpeError(f"cannot read {file}: {error.strerror}") from None
    except DamagedImageError as error:
        raise DamagedImageError(f"{file}: {error}") from None


def _natural(file: Path) -> list[tuple[int, str]]:
    """Sort key that puts 2 before 10."""
    parts = re.findall(r"\d+|\D+", file.name)
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]
