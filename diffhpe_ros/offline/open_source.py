"""Opens an input: a bag, keypoints, images, a video, an address, or a webcam's number."""

from pathlib import Path

from diffhpe_ros.detection.blazepose.detector import BlazePose
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.formats.readers import find_reader
from diffhpe_ros.formats.readers.videopose3d import read_positions
from diffhpe_ros.offline.bag_images import BagImages
from diffhpe_ros.offline.image_source import ImageSource
from diffhpe_ros.offline.image_topic import is_bag
from diffhpe_ros.offline.images import (
    FolderImages,
    Images,
    VideoImages,
    WebcamImages,
    folder_images,
)
from diffhpe_ros.offline.keypoint_sources import open_keypoints, open_npz
from diffhpe_ros.offline.options import SourceOptions
from diffhpe_ros.offline.source import Source


def open_source(path: str, options: SourceOptions) -> Source:
    """Open a recording.

    Args:
        path: the input; see the module.
        options: properties that the input may not give itself.

    Raises:
        DiffhpeError: the input cannot be read, or an option is missing or does not apply.
    """
    if not path:
        raise DiffhpeError("the input is empty; a recording is expected")
    place = Path(path)
    if "://" in path:
        return _with_detector(VideoImages(path), options, path)
    if is_bag(place):
        return _with_detector(BagImages(place, options.topic), options, path)
    reader = find_reader(place)
    if reader is not None:
        source = open_keypoints(place, reader(place, options.sequence), options)
    elif place.suffix.lower() in (".npz", ".npy"):
        source = open_npz(place, options)
    else:
        return _with_detector(_images(path, options), options, path)
    if reader is not read_positions:
        options.refuse(path, "holds one recording", "files of several", "sequence")
    options.refuse(path, "contains keypoints", "images", "max_people", "blazepose_model")
    options.refuse(path, "is not a bag", "bags", "topic")
    return source


def _images(path: str, options: SourceOptions) -> Images:
    if path.isdigit() and not Path(path).exists():
        return WebcamImages(int(path))
    folder = folder_images(path, options)
    if folder is not None:
        return folder
    if not Path(path).exists():
        raise DiffhpeError(f"{path}: no such file or folder")
    return VideoImages(path)


def _with_detector(images: Images, options: SourceOptions, path: str) -> ImageSource:
    try:
        if options.fps is not None and not isinstance(images, FolderImages):
            raise DiffhpeError(f"{path} already contains its times; leave out --fps")
        options.refuse(path, "contains images", "keypoints", "size", "layout", "sequence")
        if not isinstance(images, BagImages):
            options.refuse(path, "is not a bag", "bags", "topic")
        return ImageSource(images, BlazePose(model=options.blazepose_model), options, path)
    except BaseException:
        images.close()
        raise
