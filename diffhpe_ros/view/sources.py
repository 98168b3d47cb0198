"""The page's source of images: the package's own clip, a video, a bag, a webcam or a stream."""

import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.camera import Camera
from diffhpe_ros.camera.calibration import camera_of_video, read_camera
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.nodes.live_frames import LiveFrames, stream_images, webcam_images
from diffhpe_ros.offline.image_topic import is_bag
from diffhpe_ros.paths import is_address
from diffhpe_ros.rendering.clip import walking_clip
from diffhpe_ros.view.bag import BagRecording
from diffhpe_ros.view.recordings import Recording, VideoRecording


@dataclass(frozen=True)
class ImageSource:
    """A source of images, and what is known about them."""

    name: str
    images: Recording | LiveFrames
    """Live frames, or a recording that can be read in any order."""
    camera: Camera | None = None
    """Calibration, if known."""
    up: NDArray[np.float64] | None = None
    """(3,) direction against gravity in the optical frame, if known."""


def choose_source(
    video: str | None = None,
    camera: int | None = None,
    bag: Path | None = None,
    topic: str | None = None,
    calibration: Path | None = None,
    field_of_view: float | None = None,
) -> ImageSource:
    """Open the video or stream, the webcam or the bag; without any, the package's own clip.

    Args:
        video: a file, the address of a stream, or a bag.
        camera: the number of a webcam.
        bag: a bag with images.
        topic: topic of the images in the bag.
        calibration: the camera's YAML file.
        field_of_view: in degrees, if the user knows it.

    Raises:
        DiffhpeError: more than one is given, it cannot be opened, there are two calibrations, or a
            topic is named without a bag.
    """
    if calibration is not None and field_of_view is not None:
        raise DiffhpeError("give --calibration or --field-of-view, not both")
    known = None if calibration is None else read_camera(calibration)
    source = _open(video, camera, bag, topic)
    if source.camera is not None and (known is not None or field_of_view is not None):
        option = "--field-of-view" if known is None else "--calibration"
        raise DiffhpeError(f"{source.name} already contains a calibration; leave out {option}")
    if known is None:
        return source
    if isinstance(source.images, VideoRecording):
        known = camera_of_video(known, source.images.size, source.images.stored_size)
    return replace(source, camera=known)


def _open(
    video: str | None, camera: int | None, bag: Path | None, topic: str | None
) -> ImageSource:
    if sum(each is not None for each in (video, camera, bag)) > 1:
        raise DiffhpeError("give a video, --camera or --bag, not several of them")
    if bag is None and video is not None and is_bag(Path(video)):
        bag = Path(video)
    if bag is None and topic is not None:
        raise DiffhpeError("--topic is only for bags")
    if camera is not None:
        name = f"camera {camera}"
        return ImageSource(name, LiveFrames(name, partial(webcam_images, camera, time.time_ns)))
    if bag is not None:
        images = BagRecording(bag, topic)
        return ImageSource(bag.name, images, images.camera)
    if video is None:
        return _own_clip()
    if is_address(video):
        return ImageSource(video, LiveFrames(video, partial(stream_images, video, time.time_ns)))
    return ImageSource(Path(video).name, VideoRecording(Path(video)))


def _own_clip() -> ImageSource:
    clip = walking_clip()
    images = VideoRecording(clip.video_path)
    return ImageSource("the package's own clip", images, clip.camera, clip.up)
