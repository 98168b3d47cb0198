"""Webcams by their numbers."""

from pathlib import Path
from typing import TYPE_CHECKING

from diffhpe_ros.errors import DiffhpeError

if TYPE_CHECKING:
    import cv2


def check_webcam(number: int) -> None:
    """Check that there is a device with this number, without opening it.

    Raises:
        DiffhpeError: there is none; the message lists the existing ones.
    """
    if Path(f"/dev/video{number}").exists():
        return
    there = sorted(path.name.removeprefix("video") for path in Path("/dev").glob("video*"))
    raise DiffhpeError(f"there is no /dev/video{number}, webcams: {', '.join(there) or 'none'}")


def open_webcam(number: int) -> "cv2.VideoCapture":
    """Open a device; it buffers only one image, so that the next one is new.

    Raises:
        DiffhpeError: there is no device with this number, or it cannot be opened.
    """
    import cv2  # here, since the launch file's Python may not have it

    check_webcam(number)
    logging = cv2.utils.logging
    level = logging.setLogLevel(logging.LOG_LEVEL_SILENT)  # else OpenCV prints its own error first
    device = cv2.VideoCapture(number)
    logging.setLogLevel(level)
    if not device.isOpened():
        raise DiffhpeError(f"camera {number} cannot be opened, or is used by another program")
    device.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    return device
