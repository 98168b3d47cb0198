"""Converts ROS images to BGR arrays; works on any object with the message's fields."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.video.jpeg import JPEG, DamagedImageError, check_jpeg, jpeg_size

MAX_PIXELS = 50_000_000
"""Largest size of one image; limits the memory that a message can make this process allocate."""


def _convert(code: int) -> Callable[[NDArray[np.uint8]], Any]:
    return lambda image: cv2.cvtColor(image, code)


# Encoding → bytes per pixel, and the conversion of (H, W, bytes) to BGR. Images of 8UCn have no
# colour order; OpenCV writes them, so they are BGR.
_ENCODINGS: dict[str, tuple[int, Callable[[NDArray[np.uint8]], Any]]] = {
    "bgr8": (3, np.ascontiguousarray),
    "8UC3": (3, np.ascontiguousarray),
    "rgb8": (3, _convert(cv2.COLOR_RGB2BGR)),
    "bgra8": (4, _convert(cv2.COLOR_BGRA2BGR)),
    "8UC4": (4, _convert(cv2.COLOR_BGRA2BGR)),
    "rgba8": (4, _convert(cv2.COLOR_RGBA2BGR)),
    "mono8": (1, _convert(cv2.COLOR_GRAY2BGR)),
    "8UC1": (1, _convert(cv2.COLOR_GRAY2BGR)),
    "yuv422": (2, _convert(cv2.COLOR_YUV2BGR_UYVY)),
    "uyvy": (2, _convert(cv2.COLOR_YUV2BGR_UYVY)),
    "yuv422_yuy2": (2, _convert(cv2.COLOR_YUV2BGR_YUY2)),
    "yuyv": (2, _convert(cv2.COLOR_YUV2BGR_YUY2)),
    "nv12": (1, _convert(cv2.COLOR_YUV2BGR_NV12)),
    "nv21": (1, _convert(cv2.COLOR_YUV2BGR_NV21)),
    "bayer_rggb8": (1, _convert(cv2.COLOR_BayerRGGB2BGR)),
    "bayer_bggr8": (1, _convert(cv2.COLOR_BayerBGGR2BGR)),
    "bayer_gbrg8": (1, _convert(cv2.COLOR_BayerGBRG2BGR)),
    "bayer_grbg8": (1, _convert(cv2.COLOR_BayerGRBG2BGR)),
}
_YUV = ("yuv422", "uyvy", "yuv422_yuy2", "yuyv", "nv12", "nv21")
_TWO_PLANES = ("nv12", "nv21")
"""The rows of luma are followed by half as many rows of chroma."""


def image_to_bgr(message: Any) -> NDArray[np.uint8]:
    """The pixels (H, W, 3), blue first, of a sensor_msgs/Image; may be a view into the message.

    Raises:
        DiffhpeError: the encoding is not known, or sizes and data contradict each other.
    """
    if message.encoding not in _ENCODINGS:
        raise DiffhpeError(
            f"image encoding {message.encoding[:32]!r} is not supported; known:"
            f" {', '.join(_ENCODINGS)}"
        )
    depth, convert = _ENCODINGS[message.encoding]
    height, width, step = message.height, message.width, message.step
    _check_pixels(width, height)
    if message.encoding in _YUV and width % 2:
        raise DiffhpeError(f"an even width is expected of {message.encoding}, got {width}")
    if message.encoding in _TWO_PLANES:
        if height % 2:
            raise DiffhpeError(f"an even height is expected of {message.encoding}, got {height}")
        height += height // 2
    # Some drivers omit the padding of the last row.
    needed = step * (height - 1) + width * depth
    if step < width * depth or len(message.data) < needed:
        raise DiffhpeError(
            f"an image of {width}x{message.height} {message.encoding} needs a step of at least"
            f" {width * depth} and {needed} bytes, got step {step} and {len(message.data)} bytes"
        )
    data = np.frombuffer(message.data, np.uint8)
    rows = np.lib.stride_tricks.as_strided(data, (height, width, depth), (step, depth, 1))
    return np.asarray(convert(np.ascontiguousarray(rows)), np.uint8)


def compressed_to_bgr(message: Any) -> NDArray[np.uint8]:
    """The pixels (H, W, 3), blue first, of a sensor_msgs/CompressedImage that is a JPEG or PNG.

    Raises:
        DamagedImageError: it is incomplete or has wrong bytes, as far as that can be detected.
            DiffhpeError: it is neither, or too large.
    """
    data = bytes(message.data)
    _check_pixels(*_compressed_size(data, message.format))
    # The camera's calibration is for the stored pixels, so EXIF's orientation is ignored.
    return decode_image(data, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)


def decode_image(data: bytes, flags: int = cv2.IMREAD_COLOR) -> NDArray[np.uint8]:
    """The pixels (H, W, 3), blue first, of an image file.

    Args:
        data: any kind of file that OpenCV reads.
        flags: those of `cv2.imdecode`.

    Raises:
        DamagedImageError: it cannot be decoded, or is a JPEG that is incomplete or has wrong bytes.
    """
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as error:
        raise DamagedImageError(f"an image cannot be decoded: {error.err}") from None
    if image is None:
        raise DamagedImageError(f"an image of {len(data)} bytes cannot be decoded")
    if data[:2] == JPEG:
        check_jpeg(data)
    return np.asarray(image, np.uint8)


def _check_pixels(width: int, height: int) -> None:
    if width < 1 or height < 1 or width * height > MAX_PIXELS:
        raise DiffhpeError(
            f"an image of at least 1x1 and at most {MAX_PIXELS // 10**6} million pixels is"
            f" expected, got {width}x{height}"
        )


def _compressed_size(data: bytes, format_: str) -> tuple[int, int]:
    """Width and height from the file's header: a small file may hold a huge image."""
    if data[:8] == b"\x89PNG\r\n\x1a\n" and len(data) >= 24:
        return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    if data[:2] == JPEG:
        return jpeg_size(data)
    raise DiffhpeError(f"a JPEG or PNG image is expected, got the format {format_[:64]!r}")
