"""The images of a ROS bag: mcap or sqlite3, read without ROS."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.calibration import camera_from_info
from diffhpe_ros.camera import Camera
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.offline.images import Images
from diffhpe_ros.video.ros_images import compressed_to_bgr, image_to_bgr

BAG_ENDINGS = (".mcap", ".db3", ".bag")
_DECODERS = {
    "sensor_msgs/msg/Image": image_to_bgr,
    "sensor_msgs/msg/CompressedImage": compressed_to_bgr,
}
_CAMERA_INFO = "sensor_msgs/msg/CameraInfo"


def is_bag(path: Path) -> bool:
    """Whether a path is a bag: a file of one, or a folder of ROS 2."""
    if path.is_dir():
        return (path / "metadata.yaml").is_file() or any(
            file.suffix in BAG_ENDINGS for file in path.iterdir()
        )
    return path.suffix.lower() in BAG_ENDINGS


class BagImages(Images):
    """One image topic of a bag, with the camera_info beside it.

    Times are those of the headers; where the headers have none, when the messages were recorded.

    Args:
        path: a file, or a folder.
        topic: of the images; None where there is one only.

    Raises:
        DiffhpeError: rosbags is not installed, the bag cannot be read, or it has no such topic.
    """

    def __init__(self, path: Path, topic: str | None) -> None:
        self._path, self._stack = path, ExitStack()
        try:
            self._reader = self._stack.enter_context(_open(path))
            self._connections = self._choose(topic)
            self._decode = _DECODERS[self._connections[0].msgtype]
            self.frame_count = sum(each.msgcount for each in self._connections)
            stamp_ns, image = next(self._stamped(), (0, None))
            if image is None:
                raise DiffhpeError(f"{path}: {self._connections[0].topic} has no images")
            self.start_ns = stamp_ns
            self.size = image.shape[1], image.shape[0]
            self.own_camera = self._camera()
        except BaseException:
            self.close()
            raise

    def frames(self) -> Iterator[tuple[float, NDArray[np.uint8]]]:
        """Seconds since the first image, and BGR images (H, W, 3)."""
        for stamp_ns, image in self._stamped():
            yield (stamp_ns - self.start_ns) / 1e9, image

    def close(self) -> None:
        """Close the bag."""
        self._stack.close()

    def _stamped(self) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        for message, recorded_ns in self._messages(self._connections):
            stamp = message.header.stamp
            yield stamp.sec * 10**9 + stamp.nanosec or recorded_ns, self._decode(message)

    def _messages(self, connections: Sequence[Any]) -> Iterator[tuple[Any, int]]:
        for connection, recorded_ns, data in self._reader.messages(connections):
            yield self._reader.deserialize(data, connection.msgtype), recorded_ns

    def _choose(self, topic: str | None) -> list[Any]:
        images = [each for each in self._reader.connections if each.msgtype in _DECODERS]
        topics = sorted({each.topic for each in images})
        if topic is None and len(topics) == 1:
            topic = topics[0]
        if topic is None or topic not in topics:
            found = ", ".join(topics) or "no topic of images"
            raise DiffhpeError(f"{self._path}: --topic must name one of its images: {found}")
        return [each for each in images if each.topic == topic]

    def _camera(self) -> Camera | None:
        """The camera of the first camera_info beside the images' topic, if there is one."""
        topic = self._connections[0].topic.removesuffix("/compressed")
        space, _, name = topic.rpartition("/")
        infos = [
            each
            for each in self._reader.connections
            if each.msgtype == _CAMERA_INFO and each.topic == f"{space}/camera_info"
        ]
        for message, _ in self._messages(infos) if infos else ():
            # By ROS's convention the name says it: image_rect, image_rect_color.
            return camera_from_info(message, rectified=name.startswith("image_rect"))
        return None


def _open(path: Path) -> Any:
    try:
        from rosbags.highlevel import AnyReader, AnyReaderError
        from rosbags.typesys import Stores, get_typestore
    except ModuleNotFoundError as error:
        raise DiffhpeError("bags need rosbags: pip install 'diffhpe_ros[demo]'") from error
    if not path.exists():
        raise DiffhpeError(f"{path}: no such file")
    try:
        # Bags of before Iron do not hold the definitions of their messages.
        reader = AnyReader([path], default_typestore=get_typestore(Stores.ROS2_HUMBLE))
        reader.open()
    except (AnyReaderError, OSError, ValueError, KeyError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DiffhpeError(f"{path}: not readable as a bag ({reason})") from error
    return _Opened(reader)


class _Opened:
    """A reader that is open, for `with`."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader

    def __enter__(self) -> Any:
        return self._reader

    def __exit__(self, *_: object) -> None:
        self._reader.close()
