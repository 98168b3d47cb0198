"""Writes video files with PyAV."""

from __future__ import annotations

import logging
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.errors import DiffhpeError

_TICK = Fraction(1, 90_000)
"""The unit of time; frame durations at common rates are whole multiples of it."""

_log = logging.getLogger(__name__)


class VideoWriter:
    """Writes an MP4 file (H.264, yuv420p, index at the front) that any browser plays.

    The file gets its name only when it is complete. Until then it is called `NAME.part`, which is
    removed if writing fails.

    Use it as a context manager, with `write` for each image.
    """

    def __init__(self, path: str | Path, width: int, height: int, fps: float) -> None:
        """Begin the file.

        Args:
            path: the file to write; its folder must exist, and its name ends in .mp4.
            width: the images' width. If it is odd, the last column is written twice, since yuv420p
                needs even sides.
            height: the images' height, made even in the same way.
            fps: frames per second.

        Raises:
            DiffhpeError: the file cannot be written, or a number is not valid.
        """
        self.path = Path(path)
        self._part = self.path.with_name(self.path.name + ".part")
        self._shape = (height, width, 3)
        self._fps = fps
        self._pts = -1
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
            raise DiffhpeError(f"cannot write video {path}: {error}") from None

    def _add_stream(self, width: int, height: int, fps: float) -> Any:
        # Some builds of FFmpeg lack libx264; their default for H.264 is good enough.
        codec = "libx264" if "libx264" in av.codecs_available else "h264"
        rate = Fraction(fps).limit_denominator(1001)
        stream: Any = self._container.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.time_base = stream.time_base = _TICK
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

    def write(self, image: NDArray[np.uint8], time_s: float | None = None) -> None:
        """Append a BGR image (height, width, 3).

        Args:
            image: the image to append.
            time_s: seconds since the first image; None at a constant rate. A time that is not after
                the previous image's is moved to just after it.

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
        seconds = self.frames / self._fps if time_s is None else time_s
        self._pts = max(self._pts + 1, round(seconds / _TICK))
        frame.pts, frame.time_base = self._pts, _TICK
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
            raise DiffhpeError(f"cannot write video {self.path}: {error}") from None

    def _mux(self, frame: Any) -> None:
        """Encode a frame; None encodes what remains."""
        try:
            self._container.mux(self._stream.encode(frame))
        except (OSError, ValueError, av.FFmpegError) as error:
            raise DiffhpeError(f"cannot write video {self.path}: {error}") from None

    def _discard(self) -> None:
        try:
            self._container.close()
        except (OSError, ValueError, av.FFmpegError) as error:
            _log.debug("closing an unfinished video: %s", error)
        self._part.unlink(missing_ok=True)
