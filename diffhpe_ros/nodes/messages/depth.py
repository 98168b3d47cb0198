"""Conversion of depth images to arrays in metres."""

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import Image

from diffhpe_ros.errors import DiffhpeError

# Type and size of one unit in metres, by REP-118.
_ENCODINGS = {"16UC1": ("u2", 1e-3), "mono16": ("u2", 1e-3), "32FC1": ("f4", 1.0)}


def image_to_depth(message: Image, width: int, height: int) -> NDArray[np.float32]:
    """The depths (H, W) in metres; 0, NaN or infinite where unknown.

    Args:
        message: 16UC1 in millimetres or 32FC1 in metres.
        width: required width, that of the colour image.
        height: required height.

    Raises:
        DiffhpeError: it has another encoding or size, or its sizes and data contradict each other.
    """
    if message.encoding not in _ENCODINGS:
        raise DiffhpeError(
            f"depth of 16UC1 (mm) or 32FC1 (m) is expected, got {message.encoding[:32]!r}"
        )
    if (message.width, message.height) != (width, height):
        raise DiffhpeError(
            f"depth aligned to the colour image is expected, {width}x{height}, got"
            f" {message.width}x{message.height}"
        )
    code, unit = _ENCODINGS[message.encoding]
    kind = np.dtype((">" if message.is_bigendian else "<") + code)
    needed = message.step * (height - 1) + width * kind.itemsize
    if message.step < width * kind.itemsize or len(message.data) < needed:
        raise DiffhpeError(
            f"{needed} bytes and a step of at least {width * kind.itemsize} are expected of depth,"
            f" got {len(message.data)} and {message.step}"
        )
    values = np.ndarray(
        (height, width), kind, np.frombuffer(message.data, np.uint8).data,
        strides=(message.step, kind.itemsize),
    )  # fmt: skip
    return values.astype(np.float32) * np.float32(unit)
