"""Bags as recordings. What reads the messages is the nodes' own code, so it needs ROS."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from diffhpe_ros.camera import Camera
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.view.recordings import Image

_IMAGES = ("sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage")
_CAMERA_INFO = "sensor_msgs/msg/CameraInfo"


class BagRecording:
    """The images of one topic of a bag (MCAP or SQLite)."""

    def __init__(self, path: Path, topic: str | None = None) -> None:
        """Read when each image was taken.

        Args:
            path: the bag: a folder with metadata.yaml, or one .mcap or .db3 file.
            topic: of the images; None where the bag has one such topic only.

        Raises:
            DiffhpeError: rosbags or ROS is missing, the bag cannot be read, or has no such topic.
        """
        self._reader = _open(path)
        self._connection = _image_connection(self._reader, path, topic)
        self._messages: Iterator[Any] = iter(())
        self._next = -1
        stamped = sorted(
            (_stamp_ns(self._reader.deserialize(raw, connection.msgtype)), logged)
            for connection, logged, raw in self._reader.messages([self._connection])
        )
        if not stamped:
            raise DiffhpeError(f"{path} has no image on {self._connection.topic}")
        stamps, logged = np.array(stamped, np.int64).T
        kept = np.r_[True, np.diff(stamps) > 0]
        self.stamps_ns, self._logged_ns = stamps[kept] - stamps[0], logged[kept]
        self.camera = self._camera()
        """From the camera_info beside the images; None where there is none."""

    def image(self, index: int) -> Image:
        """See `Recording.image`."""
        from diffhpe_ros.nodes.messages.images import compressed_to_bgr, image_to_bgr

        start = int(self._logged_ns[index])
        if index != self._next:
            self._messages = self._reader.messages([self._connection], start=start)
        self._next = index + 1
        connection, _, raw = next(each for each in self._messages if each[1] >= start)
        message = self._reader.deserialize(raw, connection.msgtype)
        is_compressed = connection.msgtype == _IMAGES[1]
        return compressed_to_bgr(message) if is_compressed else image_to_bgr(message)

    def close(self) -> None:
        """See `Recording.close`."""
        self._reader.close()

    def _camera(self) -> Camera | None:
        from diffhpe_ros.nodes.messages.camera_info import camera_from_info

        namespace = self._connection.topic.removesuffix("/compressed").rpartition("/")[0]
        infos = [
            each
            for each in self._reader.connections
            if each.msgtype == _CAMERA_INFO and each.topic.rpartition("/")[0] == namespace
        ]
        for connection, _, raw in self._reader.messages(infos) if infos else ():
            return camera_from_info(self._reader.deserialize(raw, connection.msgtype))
        return None


def _open(path: Path) -> Any:
    try:
        from rosbags.highlevel import AnyReader, AnyReaderError
        from rosbags.typesys import Stores, get_typestore

        import diffhpe_ros.nodes.messages.images  # noqa: F401  (fails here where ROS is missing)
    except ImportError as error:
        raise DiffhpeError(
            f"a bag needs {error.name}: pip install 'diffhpe_ros[demo,ros]', or source ROS 2"
        ) from error
    try:
        reader = AnyReader([path], default_typestore=get_typestore(Stores.LATEST))
        reader.open()
    except (AnyReaderError, OSError, ValueError) as error:
        raise DiffhpeError(f"cannot read bag {path}: {error}") from error
    return reader


def _image_connection(reader: Any, path: Path, topic: str | None) -> Any:
    found = {each.topic: each for each in reader.connections if each.msgtype in _IMAGES}
    if topic in found:
        return found[topic]
    if topic is None and len(found) == 1:
        return next(iter(found.values()))
    names = ", ".join(sorted(found)) or "none"
    wanted = f"no images on {topic}" if topic else "not one topic of images"
    raise DiffhpeError(f"{path} has {wanted}; choose one with --topic: {names}")


def _stamp_ns(message: Any) -> int:
    stamp = message.header.stamp
    return int(stamp.sec) * 10**9 + int(stamp.nanosec)
