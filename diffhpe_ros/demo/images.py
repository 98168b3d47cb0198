"""The images of a run with their stamps: read again from the file, or as recorded from a webcam."""

from collections.abc import Iterator, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.demo.source import DemoSource
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.video import VideoReader

JPEG_QUALITY = 90

Frames = Iterator[tuple[int, NDArray[np.uint8]]]


def stamped_images(source: DemoSource, first_stamp_ns: int, jpegs: Mapping[int, bytes]) -> Frames:
    """Rising stamps in ns, and BGR images (H, W, 3).

    Args:
        source: source of the images.
        first_stamp_ns: stamp of a file's first frame.
        jpegs: a webcam's images by stamp.

    Raises:
        DiffhpeError: an image cannot be read.
    """
    return _webcam_frames(jpegs) if source.path is None else _file_frames(source, first_stamp_ns)


def stamped_jpegs(
    source: DemoSource, first_stamp_ns: int, jpegs: Mapping[int, bytes]
) -> Iterator[tuple[int, bytes]]:
    """The same images as JPEG."""
    if source.path is None:
        yield from sorted(jpegs.items())
        return
    for stamp, image in _file_frames(source, first_stamp_ns):
        yield stamp, encode_jpeg(image)


def encode_jpeg(image: NDArray[np.uint8]) -> bytes:
    """Encode a BGR image (H, W, 3) as JPEG."""
    _, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return jpeg.tobytes()


def _file_frames(source: DemoSource, first_stamp_ns: int) -> Frames:
    assert source.path is not None
    with VideoReader(source.path) as video:
        for _, time_s, image in video:
            yield first_stamp_ns + round(time_s * 1e9), image


def _webcam_frames(jpegs: Mapping[int, bytes]) -> Frames:
    for stamp in sorted(jpegs):
        image = cv2.imdecode(np.frombuffer(jpegs[stamp], np.uint8), cv2.IMREAD_COLOR)
        if image is None:
            raise DiffhpeError("an image of the webcam could not be read back")
        yield stamp, image.astype(np.uint8, copy=False)
