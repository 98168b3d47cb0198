"""Forwards `cmd_vel_in` to `cmd_vel`, or zeros while a person is near. Not safety-rated!"""

from contextlib import suppress

import numpy as np
import rclpy
from geometry_msgs.msg import Twist
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import PointCloud2


class StopNear(Node):
    """Gates velocity commands by `nearest`, from one camera or from several fused ones."""

    def __init__(self) -> None:
        super().__init__("stop_near")
        self._stop_m = self.declare_parameter("stop_distance", 1.0).value
        self._nearest_m = np.inf  # no person in view
        self._commands = self.create_publisher(Twist, "cmd_vel", 1)
        self.create_subscription(PointCloud2, "nearest", self._see, 5)
        self.create_subscription(Twist, "cmd_vel_in", self._drive, 1)

    def _see(self, cloud: PointCloud2) -> None:  # no points: the last person has left
        offset = {field.name: field.offset for field in cloud.fields}["distance_95"]
        points = np.frombuffer(cloud.data, np.uint8).reshape(-1, cloud.point_step)
        self._nearest_m = points[:, offset : offset + 4].copy().view(np.float32).min(initial=np.inf)
        if self._nearest_m < self._stop_m:
            self._commands.publish(Twist())  # at once, not with the next command

    def _drive(self, command: Twist) -> None:
        self._commands.publish(Twist() if self._nearest_m < self._stop_m else command)


rclpy.init(signal_handler_options=SignalHandlerOptions.NO)  # Ctrl-C raises KeyboardInterrupt
node = StopNear()
with suppress(KeyboardInterrupt):
    while True:
        rclpy.spin_once(node, timeout_sec=1.0)
