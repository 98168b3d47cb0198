"""The images of a ROS bag."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.offline.image_topic import ImageTopic, stamp_ns
from diffhpe_ros.offline.images import Images, warn_of_damage
from diffhpe_ros.video.jpeg import DamagedImageError


class BagImages(Images):
    """One image topic of a bag, with the camera_info next to it.

    Times come from the headers; without those, they are when the messages were recorded.

    Args:
        path: a file, or a folder.
        topic: the image topic; None if there is only one.

    Raises:
        DiffhpeError: as for `ImageTopic`, or the topic has no images.
    """

    def __init__(self, path: Path, topic: str | None) -> None:
        self._topic = ImageTopic(path, topic)
        try:
            self.frame_count, self.fps = self._topic.count, self._topic.rate
            self.start_ns, image = next(self._stamped(), (0, None))
            if image is None:
                raise DiffhpeError(f"{path}: {self._topic.name} has no images")
            self.size = image.shape[1], image.shape[0]
            self.own_camera = self._topic.camera()
        except BaseException:
            self.close()
            raise

    def frames(self) -> Iterator[tuple[float, NDArray[np.uint8]]]:
        """Seconds since the first image, and BGR images (H, W, 3)."""
        for stamp, image in self._stamped():
            yield (stamp - self.start_ns) / 1e9, image

    def close(self) -> None:
        """Close the bag."""
        self._topic.close()

    def _stamped(self) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        damaged: list[str] = []
        for message, recorded_ns in self._topic.messages():
            try:
                image = self._topic.decode(message)
            except DamagedImageError as error:
                damaged.append(str(error))
                continue
            yield stamp_ns(message, recorded_ns), image
        warn_of_damage(damaged, self.frame_count)
