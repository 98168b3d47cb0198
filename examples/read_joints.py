"""Prints where people are: a subscriber of `joints` that needs nothing but rclpy and numpy."""

from contextlib import suppress

import numpy as np
import rclpy
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import PointCloud2

NUMPY = {2: "u1", 6: "u4", 7: "f4"}  # by PointField.datatype


def print_people(cloud: PointCloud2) -> None:
    """One line per person; `joints` is (people, 17) with fields x, y, z, confidence, person, ..."""
    layout = {
        "names": [field.name for field in cloud.fields],
        "formats": [NUMPY[field.datatype] for field in cloud.fields],
        "offsets": [field.offset for field in cloud.fields],
        "itemsize": cloud.point_step,
    }
    joints = np.frombuffer(cloud.data, np.dtype(layout)).reshape(cloud.height, cloud.width)
    for person in joints:
        hip, seen = person[0], np.count_nonzero(person["confidence"])
        place = f"{hip['x']:.2f} {hip['y']:.2f} {hip['z']:.2f} m"
        print(f"person {hip['person']}: hip at {place}, {seen} of 17 joints seen", flush=True)


rclpy.init(signal_handler_options=SignalHandlerOptions.NO)  # Ctrl-C raises KeyboardInterrupt
node = rclpy.create_node("read_joints")
node.create_subscription(PointCloud2, "joints", print_people, 5)
with suppress(KeyboardInterrupt):
    while True:
        rclpy.spin_once(node, timeout_sec=1.0)
