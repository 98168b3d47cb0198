"""Webcams by their numbers."""

from pathlib import Path
from typing import TYPE_CHECKING

from diffhpe_ros.errors import DiffhpeError

if TYPE_CHECKING:
    import cv2


def check_webcam(number: int) -> None:
    """Check that there is a device of this number; it is not opened.

    Raises:
        DiffhpeError: there is none; names those that are there.
    """
    if Path(f"/dev/video{number}").exists():
        return
    there = sorted(path.name.removeprefix("video") for path in Path("/dev").glob("video*"))
    raise DiffhpeError(f"there is no /dev/video{number}, webcams: {', '.join(there) or 'none'}")


def open_webcam(number: int) -> "cv2.VideoCapture":
    """The device, opened: it keeps one image only, so that the next one is new.

    Raises:
        DiffhpeError: there is none of this number, or it cannot be opened.
    """
    import cv2  # not where the launch file checks its arguments: the system's Python may have none

    check_webcam(number)
    logging = cv2.utils.logging
    level = logging.setLogLevel(logging.LOG_LEVEL_SILENT)  # else it says so first, in its own way
    device = cv2.VideoCapture(number)
    logging.setLogLevel(level)
    if not device.isOpened():
        raise DiffhpeError(f"camera {number} cannot be opened, or is used by another program")
    device.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    return device
