"""Prints where people's right hands are, in the frame of the lifter's results."""

from contextlib import suppress

import numpy as np
import rclpy
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import PointCloud2

NUMPY = {2: "u1", 6: "u4", 7: "f4"}  # by PointField.datatype
HIP, RIGHT_WRIST = 0, 16
VARIANCES = ("cov_xx", "cov_yy", "cov_zz")


def print_hands(cloud: PointCloud2) -> None:
    """One line per person; `joints` is (people, 17) with fields x, y, z, confidence, person, ..."""
    layout = {
        "names": [field.name for field in cloud.fields],
        "formats": [NUMPY[field.datatype] for field in cloud.fields],
        "offsets": [field.offset for field in cloud.fields],
        "itemsize": cloud.point_step,
    }
    joints = np.frombuffer(cloud.data, np.dtype(layout)).reshape(cloud.height, cloud.width)
    for person in joints:
        hip, hand = person[HIP], person[RIGHT_WRIST]
        # The hip's covariance is of its position; a joint's is relative to the hip.
        sigma = np.sqrt([hip[name] + hand[name] for name in VARIANCES])
        parts = zip("xyz", sigma, strict=True)
        place = " ".join(f"{name}={hand[name]:.2f}±{spread:.2f}" for name, spread in parts)
        place += f" m in {cloud.header.frame_id}, {'seen' if hand['seen'] else 'guessed'}"
        print(f"person {hand['person']}: right hand at {place}", flush=True)


rclpy.init(signal_handler_options=SignalHandlerOptions.NO)  # Ctrl-C raises KeyboardInterrupt
node = rclpy.create_node("right_hand")
node.create_subscription(PointCloud2, "joints", print_hands, 5)
with suppress(KeyboardInterrupt):
    while True:
        rclpy.spin_once(node, timeout_sec=1.0)
