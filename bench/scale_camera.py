"""A camera's detector for `scale.py`, in its own process with few imports.

    python bench/scale_camera.py NAMESPACE FILE RATE

FILE contains a windows message. It is published RATE times per second, each time with a new stamp,
until the process ends.
"""

import itertools
import sys
import time
from pathlib import Path

import rclpy
from rclpy.node import Node
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import PointCloud2

from diffhpe_ros.nodes import qos


def main(namespace: str, file: str, rate_hz: float) -> None:
    """Publish."""
    rclpy.init(args=[])
    windows = deserialize_message(Path(file).read_bytes(), PointCloud2)
    node = Node(f"detector_{Path(file).stem}", namespace=namespace)
    publisher = node.create_publisher(PointCloud2, "windows", qos.result(False))
    begin = time.monotonic()
    for number in itertools.count():
        time.sleep(max(0.0, begin + number / rate_hz - time.monotonic()))
        windows.header.stamp = node.get_clock().now().to_msg()
        publisher.publish(windows)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
