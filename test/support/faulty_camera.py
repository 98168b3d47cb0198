"""A camera that plays the walking clip, with all faults that cameras can have."""

from array import array
from collections.abc import Callable
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image

from diffhpe_ros.nodes.messages.camera_info import info_from_camera
from diffhpe_ros.nodes.messages.header import make_header
from diffhpe_ros.rendering.clip import walking_clip
from diffhpe_ros.video import VideoReader

Pixels = NDArray[np.uint8]
_PERIOD_NS = 66_666_667
_TICK_S = 0.02
_PATIENCE = 20  # ticks


def _converted(code: int) -> Callable[[Pixels], Pixels]:
    return lambda bgr: np.asarray(cv2.cvtColor(bgr, code), np.uint8)


ENCODINGS: dict[str, Callable[[Pixels], Pixels]] = {
    "rgb8": _converted(cv2.COLOR_BGR2RGB),
    "bgra8": _converted(cv2.COLOR_BGR2BGRA),
    "rgba8": _converted(cv2.COLOR_BGR2RGBA),
    "mono8": _converted(cv2.COLOR_BGR2GRAY),
    "yuv422_yuy2": _converted(cv2.COLOR_BGR2YUV_YUY2),
    "yuv422": _converted(cv2.COLOR_BGR2YUV_UYVY),
    "bgr8": np.ascontiguousarray,
}
"""Encoding → conversion from BGR."""


def encode(bgr: Pixels, encoding: str = "bgr8") -> Image:
    """An image message without header."""
    pixels = ENCODINGS[encoding](bgr)
    height, width = pixels.shape[:2]
    step = pixels.size // height
    return Image(
        height=height, width=width, step=step, encoding=encoding, data=array("B", pixels.tobytes())
    )


class FaultyCamera:
    """Publishes `image` and `camera_info` while its node is spun.

    By their stamps, images are 1/15 s apart. But the next one is sent when the detector has
    answered the last one with an overlay, or after a timeout, so slow machines keep up.

    Attributes:
        on: whether it sends anything.
        make: BGR image (480, 640, 3) → message.
        info: the camera_info for each image.
        now_ns: stamp of the last image; set it to make the camera's clock jump.
    """

    def __init__(self, node: Node, frame_id: str = "camera") -> None:
        with VideoReader(walking_clip().video_path) as video:
            self._film = [image for index, _, image in video if index < 60]
        self._node, self._frame_id, self._shown = node, frame_id, 0
        self.on = True
        self.now_ns = int(node.get_clock().now().nanoseconds)
        self.make: Callable[[Pixels], Image] = encode
        self.info = info_from_camera(walking_clip().camera)
        self.images = node.create_publisher(Image, "image", 1)
        self._infos = node.create_publisher(CameraInfo, "camera_info", 1)
        self._overlay = node.create_subscription(
            Image, "detector/overlay", self._answered, 5, raw=True
        )
        self._waited = 0
        self._timer = node.create_timer(_TICK_S, self._tick)

    def use(self, encoding: str) -> None:
        """Send images of this encoding."""
        self.make = partial(encode, encoding=encoding)

    def send(self, message: Image) -> None:
        """Send one message, later than the last."""
        self.now_ns += _PERIOD_NS
        message.header = make_header(self._frame_id, self.now_ns)
        self.images.publish(message)

    def close(self) -> None:
        """Unplug the camera."""
        self._node.destroy_timer(self._timer)
        self._node.destroy_subscription(self._overlay)
        for publisher in (self.images, self._infos):
            self._node.destroy_publisher(publisher)

    def _answered(self, _: bytes) -> None:
        self._waited = _PATIENCE

    def _tick(self) -> None:
        self._waited += 1
        if self.on and self._waited >= _PATIENCE:
            self._waited = 0
            self._infos.publish(self.info)
            self.send(self.make(self._film[2 * self._shown % len(self._film)]))
            self._shown += 1
