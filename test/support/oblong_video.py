"""Videos whose pixels are not square, as DV, HDV and DVD have them."""

from fractions import Fraction
from pathlib import Path

import av
import cv2

from diffhpe_ros.rendering.clip import walking_clip
from diffhpe_ros.video import VideoReader


def write_oblong_walk(path: Path, frames: int) -> None:
    """The walking person's 640x480, stored as 320x480 with pixels twice as wide as high."""
    with VideoReader(walking_clip().video_path) as video, av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 320, 480, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(2, 1)
        for _, (_, _, image) in zip(range(frames), video, strict=False):
            narrow = cv2.resize(image, (320, 480), interpolation=cv2.INTER_AREA)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(narrow, format="bgr24")))
        container.mux(stream.encode(None))
