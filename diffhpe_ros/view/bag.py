"""Bags as recordings whose images can be read in any order."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.offline.image_topic import ImageTopic, stamp_ns
from diffhpe_ros.view.recordings import Image


class BagRecording:
    """The images of one topic of a bag (MCAP or SQLite)."""

    def __init__(self, path: Path, topic: str | None = None) -> None:
        """Read the time of each image.

        Args:
            path: the bag: a folder with metadata.yaml, or one .mcap or .db3 file.
            topic: topic of the images; None if the bag has only one such topic.

        Raises:
            DiffhpeError: see `ImageTopic`, or the topic has no images.
        """
        self._topic = ImageTopic(path, topic)
        self._messages: Iterator[tuple[Any, int]] = iter(())
        self._next = -1
        stamped = sorted(
            (stamp_ns(message, recorded_ns), recorded_ns)
            for message, recorded_ns in self._topic.messages()
        )
        if not stamped:
            raise DiffhpeError(f"{path} has no image on {self._topic.name}")
        stamps, recorded = np.array(stamped, np.int64).T
        kept = np.r_[True, np.diff(stamps) > 0]
        self.stamps_ns, self._recorded_ns = stamps[kept] - stamps[0], recorded[kept]
        self.camera = self._topic.camera()
        """The camera from the images' camera_info; None if there is none."""

    def image(self, index: int) -> Image:
        """See `Recording.image`."""
        start = int(self._recorded_ns[index])
        # Stamps may be in another order than the recording.
        if index != self._next or start <= self._recorded_ns[index - 1]:
            self._messages = self._topic.messages(start)
        self._next = index + 1
        message, _ = next(each for each in self._messages if each[1] >= start)
        return self._topic.decode(message)

    def close(self) -> None:
        """See `Recording.close`."""
        self._topic.close()
