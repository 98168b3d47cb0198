"""The camera's rotation, and gravity, from an inertial measurement unit that is fixed to it."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import Imu

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.geometry.rigid_transform import RigidTransform
from diffhpe_ros.nodes.diagnostics.node_diagnostics import NodeDiagnostics
from diffhpe_ros.nodes.messages.header import stamp_to_ns
from diffhpe_ros.nodes.transforms.listener import TransformListener
from diffhpe_ros.pipeline.accelerometer import Accelerometer
from diffhpe_ros.pipeline.gravity import Gravity
from diffhpe_ros.pipeline.gyroscope import Gyroscope

_REPLAY_WAIT_S = 2.0


class ImuSource:
    """Integrates the topic `imu` to the camera's rotation and the up direction.

    Args:
        transforms: give the sensor's pose on the robot.
        timeout_s: longest wait for the messages up to an image; in replay 2 s.
        replay: see `CommonParameters`.
        diagnostics: the node's diagnostics.
    """

    def __init__(
        self,
        transforms: TransformListener,
        timeout_s: float,
        replay: bool,
        diagnostics: NodeDiagnostics,
    ) -> None:
        self._transforms = transforms
        self._wait_s = _REPLAY_WAIT_S if replay else timeout_s
        self._diagnostics = diagnostics
        self._gyroscope = Gyroscope()
        self._accelerometer = Accelerometer()
        self._frame_id = ""
        self._changed = threading.Condition()
        self._is_open = True

    def put(self, message: Imu) -> None:
        """Add a measurement; called in the callback thread."""
        rate, force = message.angular_velocity, message.linear_acceleration
        with self._changed:
            self._frame_id = message.header.frame_id
            try:
                stamp_ns = stamp_to_ns(message.header.stamp)
                self._gyroscope.add(stamp_ns, (rate.x, rate.y, rate.z))
                if message.linear_acceleration_covariance[0] >= 0:  # -1: it has no accelerometer
                    turn = rate.x, rate.y, rate.z
                    self._accelerometer.add(stamp_ns, (force.x, force.y, force.z), turn)
            except DiffhpeError as error:
                self._diagnostics.warn("imu", f"imu: {error}")
                return
            self._changed.notify_all()

    def close(self) -> None:
        """Unblock `motion`."""
        with self._changed:
            self._is_open = False
            self._changed.notify_all()

    def motion(self, camera_frame: str, stamps_ns: NDArray[np.int64]) -> RigidTransform:
        """Rotations (N) from the camera at N times to a fixed frame; the translation is 0.

        Raises:
            DiffhpeError: the messages do not cover the times, or TF lacks the sensor's pose.
        """
        newest_ns = int(stamps_ns.max())
        with self._changed:
            self._changed.wait_for(
                lambda: not self._is_open or (self._gyroscope.newest_ns or 0) >= newest_ns,
                self._wait_s,
            )
            turned = self._gyroscope.orientations(stamps_ns)
            frame_id = self._frame_id
        mounted = self._transforms.lookup(frame_id, camera_frame, [newest_ns])[0]
        self._diagnostics.clear("imu")
        return RigidTransform(turned @ mounted.rotation, np.zeros((len(stamps_ns), 3)))

    def gravity(self, camera_frame: str, stamp_ns: int) -> Gravity | None:
        """Gravity in the camera's frame from the messages up to a time; None if unknown.

        Raises:
            TransformError: TF lacks the sensor's pose.
        """
        with self._changed:
            found, frame_id = self._accelerometer.gravity(stamp_ns), self._frame_id
        if found is None:
            return None
        mounted = self._transforms.lookup(camera_frame, frame_id, [stamp_ns])[0]
        return replace(found, up=mounted.vectors(found.up))
