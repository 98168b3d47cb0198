"""JPEG images: their size before decoding, and whether they are damaged.

A JPEG has no checksum. What can be checked is whether its end is present, and whether all of its
codes exist and are in order. FFmpeg reports that; libjpeg, which OpenCV uses, continues with grey.
A wrong byte whose codes happen to exist cannot be detected; it gives wrong colours from there on.
"""

import av

from diffhpe_ros.errors import DiffhpeError

JPEG = b"\xff\xd8"
"""The first bytes of a JPEG."""
_NO_FRAME = (0xC4, 0xC8, 0xCC)  # in the frames' range, but tables or reserved
_ARITHMETIC = range(0xC9, 0xD0)  # not read by FFmpeg
_OPTIONS = {
    "err_detect": "explode",
    "lowres": "3",  # reads all codes, but decodes to 1/8 of the size, in a third of the time
}


class DamagedImageError(DiffhpeError):
    """An image that arrived incomplete or with wrong bytes, as happens on bad connections."""


def jpeg_size(data: bytes) -> tuple[int, int]:
    """Width and height from the header.

    Raises:
        DamagedImageError: the header has no size.
    """
    _, at = _frame(data)
    height, width = (int.from_bytes(data[at + k : at + k + 2], "big") for k in (5, 7))
    return width, height


def check_jpeg(data: bytes) -> None:
    """Read all codes of a JPEG.

    Raises:
        DamagedImageError: a code does not exist, or the image ends too early.
    """
    marker, _ = _frame(data)
    if marker in _ARITHMETIC:
        return
    decoder = av.CodecContext.create("mjpeg", "r")
    decoder.options = _OPTIONS
    try:
        whole = len(decoder.decode(av.Packet(data))) > 0
    except av.error.InvalidDataError:
        whole = False
    except av.FFmpegError:  # a kind of JPEG that FFmpeg does not know
        whole = True
    if not whole:
        raise DamagedImageError(f"a JPEG image of {len(data)} bytes is damaged")


def _frame(data: bytes) -> tuple[int, int]:
    """The marker that begins the frame, and its position."""
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
        elif 0xC0 <= marker <= 0xCF and marker not in _NO_FRAME:
            return marker, at
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    raise DamagedImageError(
        f"a whole JPEG image is expected, got {len(data)} bytes without its size"
    )
