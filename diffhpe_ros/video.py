"""Video files in and out, through PyAV."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from fractions import Fraction
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.errors import DiffhpeError

_log = logging.getLogger(__name__)

# What a file without a rate is played at; PyAV gives such files' frames no rate at all.
_FALLBACK_FPS = 30.0


class VideoReader:
    """The frames of a video file, upright, once from first to last.

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
            path: the file.

        Raises:
            DiffhpeError: the file is missing, is no video, or has no frame that can be decoded.
        """
        self.path = Path(path)
        try:
            self._container = av.open(str(path))
        except (OSError, ValueError, av.FFmpegError) as error:
            raise DiffhpeError(f"cannot open video {path}: {error}") from error
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
        turned = first.rotation % 180 != 0
        self.width: int = first.height if turned else first.width
        """Width in pixels, upright."""
        self.height: int = first.width if turned else first.height
        """Height in pixels, upright."""
        self.fps = float(stream.average_rate or stream.guessed_rate or _FALLBACK_FPS)
        """Average frames per second."""
        self.frame_count = self._count(stream)
        """What the file says about its number of frames; None where it says nothing."""

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
        start = first.time or 0.0
        index = 0
        for index, frame in enumerate(chain([first], self._frames)):
            time = index / self.fps if frame.time is None else frame.time - start
            yield index, time, _upright(frame)
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


class VideoWriter:
    """Writes an MP4 file (H.264, yuv420p, index at the front) that any browser plays.

    The file appears under its name only when it is complete: until then, it is beside it as
    `NAME.part`, which is removed where the writing fails.

    Use it as a context manager, with `write` for each image.
    """

    def __init__(self, path: str | Path, width: int, height: int, fps: float) -> None:
        """Begin the file.

        Args:
            path: the file to be, whose folder exists; its name ends in .mp4.
            width: the images' width; the last column is written twice where it is odd, since
                yuv420p needs even sides.
            height: the images' height, made even likewise.
            fps: frames per second.

        Raises:
            DiffhpeError: the file cannot be written or a number makes no sense.
        """
        self.path = Path(path)
        self._part = self.path.with_name(self.path.name + ".part")
        self._shape = (height, width, 3)
        self.frames = 0
        """Frames written so far."""
        if self.path.suffix.lower() != ".mp4":
            raise DiffhpeError(f"a video file name that ends in .mp4 is expected, got {path}")
        if width < 1 or height < 1 or not 0.1 <= fps <= 1000:
            raise DiffhpeError(
                "a video of at least 1x1 pixels and 0.1 to 1000 frames per second is expected,"
                f" got {width}x{height} at {fps:g}"
            )
        self._container = av.open(
            str(self._part), "w", format="mp4", options={"movflags": "+faststart"}
        )
        try:
            self._stream = self._add_stream(width + width % 2, height + height % 2, fps)
            self._container.start_encoding()
        except (OSError, ValueError, av.FFmpegError) as error:
            self._discard()
            raise DiffhpeError(f"cannot write video {path}: {error}") from error

    def _add_stream(self, width: int, height: int, fps: float) -> Any:
        # libx264 is missing from some builds of FFmpeg; their default for H.264 will do.
        codec = "libx264" if "libx264" in av.codecs_available else "h264"
        rate = Fraction(fps).limit_denominator(1001)
        stream: Any = self._container.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        if codec == "libx264":
            stream.options = {"preset": "veryfast", "crf": "20"}
        return stream

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self._discard()

    def write(self, image: NDArray[np.uint8]) -> None:
        """Append a BGR image (height, width, 3).

        Raises:
            DiffhpeError: the image has another shape or type, or cannot be written.
        """
        if image.shape != self._shape or image.dtype != np.uint8:
            raise DiffhpeError(
                f"an image of shape {self._shape} and type uint8 is expected for {self.path},"
                f" got {image.shape} and {image.dtype}"
            )
        odd = [(0, side % 2) for side in self._shape[:2]]
        even = np.pad(image, [*odd, (0, 0)], mode="edge") if any(map(any, odd)) else image
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(even), format="bgr24")
        self._mux(frame)
        self.frames += 1

    def close(self) -> None:
        """Finish the file and give it its name.

        Raises:
            DiffhpeError: no image was written, or the file cannot be finished.
        """
        if not self.frames:
            self._discard()
            raise DiffhpeError(f"no frames were written to {self.path}")
        try:
            self._mux(None)
            self._container.close()
            self._part.replace(self.path)
        except (OSError, ValueError, av.FFmpegError) as error:
            self._discard()
            raise DiffhpeError(f"cannot write video {self.path}: {error}") from error

    def _mux(self, frame: Any) -> None:
        """Encode a frame, or what is left for None."""
        try:
            self._container.mux(self._stream.encode(frame))
        except (OSError, ValueError, av.FFmpegError) as error:
            raise DiffhpeError(f"cannot write video {self.path}: {error}") from error

    def _discard(self) -> None:
        try:
            self._container.close()
        except (OSError, ValueError, av.FFmpegError) as error:
            _log.debug("closing an unfinished video: %s", error)
        self._part.unlink(missing_ok=True)


def _upright(frame: Any) -> NDArray[np.uint8]:
    """The frame as a BGR image, turned as its metadata says."""
    image = frame.to_ndarray(format="bgr24")
    quarters = round(frame.rotation / 90) % 4  # anticlockwise, as np.rot90 counts
    return np.ascontiguousarray(np.rot90(image, quarters)) if quarters else image
