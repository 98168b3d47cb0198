"""One image topic of a ROS bag, mcap or sqlite3, read without ROS."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from diffhpe_ros.camera import Camera
from diffhpe_ros.camera.calibration import camera_from_info
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.extras import require
from diffhpe_ros.video.ros_images import compressed_to_bgr, image_to_bgr

BAG_ENDINGS = (".mcap", ".db3", ".bag")
_DECODERS = {
    "sensor_msgs/msg/Image": image_to_bgr,
    "sensor_msgs/msg/CompressedImage": compressed_to_bgr,
}
_CAMERA_INFO = "sensor_msgs/msg/CameraInfo"


def is_bag(path: Path) -> bool:
    """Whether a path is a bag: a bag file, or a ROS 2 bag folder."""
    if path.is_dir():
        return (path / "metadata.yaml").is_file() or any(
            file.suffix in BAG_ENDINGS for file in path.iterdir()
        )
    return path.suffix.lower() in BAG_ENDINGS


def extras_to_read(path: Path) -> tuple[str, ...]:
    """Extras of setup.py with the library for a recording; only bags need one."""
    return ("demo",) if is_bag(path) else ()


class ImageTopic:
    """The messages of one image topic, and the camera_info next to it.

    Args:
        path: a file, or a folder.
        topic: the image topic; None if there is only one.

    Raises:
        DiffhpeError: rosbags is not installed, the bag cannot be read, or it has no such topic.
    """

    def __init__(self, path: Path, topic: str | None) -> None:
        self._reader = _open(path)
        try:
            self._connections = self._choose(path, topic)
        except DiffhpeError:
            self.close()
            raise
        self.name: str = self._connections[0].topic
        self.count = sum(each.msgcount for each in self._connections)
        seconds = self._reader.duration / 1e9
        self.rate = self.count / seconds if seconds > 0 else None
        """Images per second, on average over the bag."""
        self.decode = _DECODERS[self._connections[0].msgtype]
        """Message → BGR image (H, W, 3)."""

    def messages(self, start_ns: int | None = None) -> Iterator[tuple[Any, int]]:
        """Messages with their recording times, in this order, from `start_ns` on."""
        return self._messages(self._connections, start_ns)

    def camera(self) -> Camera | None:
        """The camera of the first camera_info next to the image topic, if there is one."""
        space, _, name = self.name.removesuffix("/compressed").rpartition("/")
        infos = [
            each
            for each in self._reader.connections
            if each.msgtype == _CAMERA_INFO and each.topic == f"{space}/camera_info"
        ]
        for message, _ in self._messages(infos) if infos else ():
            # The ROS convention for names of rectified images: image_rect, image_rect_color.
            return camera_from_info(message, rectified=name.startswith("image_rect"))
        return None

    def close(self) -> None:
        """Close the bag."""
        self._reader.close()

    def _messages(
        self, connections: Sequence[Any], start_ns: int | None = None
    ) -> Iterator[tuple[Any, int]]:
        for connection, recorded_ns, data in self._reader.messages(connections, start=start_ns):
            yield self._reader.deserialize(data, connection.msgtype), recorded_ns

    def _choose(self, path: Path, topic: str | None) -> list[Any]:
        images = [each for each in self._reader.connections if each.msgtype in _DECODERS]
        topics = sorted({each.topic for each in images})
        if topic is None and len(topics) == 1:
            topic = topics[0]
        if topic is None or topic not in topics:
            lacks = f" has no images on {topic};" if topic else ":"
            found = ", ".join(topics) or "no image topic"
            raise DiffhpeError(f"{path}{lacks} --topic must name one of its images: {found}")
        return [each for each in images if each.topic == topic]


def stamp_ns(message: Any, recorded_ns: int) -> int:
    """The header's time; if it has none, the time at which the message was recorded."""
    stamp = message.header.stamp
    return stamp.sec * 10**9 + stamp.nanosec or recorded_ns


def _open(path: Path) -> Any:
    require("reading a bag", "demo")
    from rosbags.highlevel import AnyReader, AnyReaderError
    from rosbags.typesys import Stores, get_typestore

    if not path.exists():
        raise DiffhpeError(f"cannot read bag {path}: no such file")
    try:
        # Bags from before Iron do not contain the definitions of their messages.
        reader = AnyReader([path], default_typestore=get_typestore(Stores.ROS2_HUMBLE))
        reader.open()
    except (AnyReaderError, OSError, ValueError, KeyError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DiffhpeError(f"{path}: not readable as a bag ({reason})") from None
    return reader
