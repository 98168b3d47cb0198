"""A robot's program in `hosts.py`: receives the joints and measures their age.

    python bench/host_listener.py SECONDS

Waits for the first joints, listens for SECONDS, and prints one line per message: the time at which
it arrived and its age, both in seconds.
"""

import sys
import time

import rclpy
from rclpy.node import Node
from sensor_msgs.msg import PointCloud2

from diffhpe_ros.nodes import qos
from diffhpe_ros.nodes.messages.header import stamp_to_ns


def main(seconds: float) -> None:
    """Listen."""
    rclpy.init(args=[])
    node = Node("robot")
    came: list[tuple[float, float]] = []

    def hear(message: PointCloud2) -> None:
        age_ns = node.get_clock().now().nanoseconds - stamp_to_ns(message.header.stamp)
        if message.width:
            came.append((time.monotonic(), age_ns / 1e9))

    node.create_subscription(PointCloud2, "joints", hear, qos.result(False))
    while not came:
        rclpy.spin_once(node, timeout_sec=0.1)
    print("listens", flush=True)
    end = came[-1][0] + seconds
    while (left := end - time.monotonic()) > 0:
        rclpy.spin_once(node, timeout_sec=left)
    for when, age in came:
        print(f"{when:.4f} {age:.4f}")


if __name__ == "__main__":
    main(float(sys.argv[1]))
