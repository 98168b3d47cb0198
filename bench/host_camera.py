"""The camera driver of `hosts.py`: the embedded clip forwards and backwards, raw or as JPEG.

python bench/host_camera.py raw|jpeg RATE
"""

import itertools
import sys
import time
from collections.abc import Callable
from typing import Any

import cv2
import rclpy
from numpy.typing import NDArray
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from diffhpe_ros.nodes import qos
from diffhpe_ros.nodes.messages.camera_info import info_from_camera
from diffhpe_ros.nodes.messages.header import make_header
from diffhpe_ros.nodes.messages.images import ImagePacker
from diffhpe_ros.rendering.clip import walking_clip
from diffhpe_ros.video import VideoReader

FRAME = "camera"


def as_jpeg(image: NDArray[Any], frame_id: str, stamp_ns: int) -> CompressedImage:
    """An image message as from image_transport's plugin."""
    data = cv2.imencode(".jpg", image)[1].tobytes()
    header = make_header(frame_id, stamp_ns)
    return CompressedImage(header=header, format="bgr8; jpeg compressed bgr8", data=data)


def main(kind: str, rate_hz: float) -> None:
    """Publish until the process is ended."""
    clip = walking_clip()
    with VideoReader(clip.video_path) as video:
        images = [image for _, _, image in video]
    pack: Callable[..., Any] = ImagePacker().pack if kind == "raw" else as_jpeg
    rclpy.init(args=[])
    node = Node("camera")
    info = info_from_camera(clip.camera)
    info_publisher = node.create_publisher(CameraInfo, "camera_info", qos.CAMERA_INFO_OUT)
    message = Image if kind == "raw" else CompressedImage
    publisher = node.create_publisher(message, "image", qos.image(False))
    begin = time.monotonic()
    for number, image in enumerate(itertools.cycle([*images, *images[::-1]])):
        time.sleep(max(0.0, begin + number / rate_hz - time.monotonic()))
        stamp_ns = node.get_clock().now().nanoseconds
        info.header = make_header(FRAME, stamp_ns)
        info_publisher.publish(info)
        publisher.publish(pack(image, FRAME, stamp_ns))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
