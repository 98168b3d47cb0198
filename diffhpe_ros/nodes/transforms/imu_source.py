"""The camera's rotation, and gravity, from an inertial measurement unit that is fixed to it."""

from __future__ import annotations

import math
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
_UNUSABLE_NS = 3_000_000_000
"""An accelerometer that measures no gravity for this long is reported. Bumps are shorter."""


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
        self._refused = self._reported = 0
        self._usable_ns: int | None = None
        self._awaited_ns = 0
        self._changed = threading.Condition()
        self._is_open = True

    def put(self, message: Imu) -> None:
        """Add a measurement; called in the callback thread."""
        with self._changed:
            self._frame_id = message.header.frame_id
            try:
                stamp_ns = stamp_to_ns(message.header.stamp)
                turn = self._turn(message, stamp_ns)
                # -1 in the covariance: the sensor has none of this kind (sensor_msgs/Imu)
                if message.linear_acceleration_covariance[0] >= 0:
                    force = message.linear_acceleration
                    self._accelerate(stamp_ns, (force.x, force.y, force.z), turn)
            except DiffhpeError as error:
                self._refuse(str(error))
            self._changed.notify_all()

    def inspect(self) -> None:
        """End the warning about unusable messages when no more come; called once a second."""
        if self._refused == self._reported:
            self._diagnostics.clear("imu")
        self._reported = self._refused

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
            self._wait_for(newest_ns)
            turned = self._gyroscope.orientations(stamps_ns)
            frame_id = self._frame_id
        mounted = self._transforms.lookup(frame_id, camera_frame, [newest_ns])[0]
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

    def _turn(self, message: Imu, stamp_ns: int) -> tuple[float, float, float]:
        """Add the angular velocity, in rad/s; zeros without a usable one."""
        if message.angular_velocity_covariance[0] < 0:
            self._refuse("it has no gyroscope (angular_velocity_covariance[0] is -1)")
            return 0.0, 0.0, 0.0
        rate = message.angular_velocity
        try:
            self._gyroscope.add(stamp_ns, (rate.x, rate.y, rate.z))
        except DiffhpeError as error:
            self._refuse(str(error))
            return 0.0, 0.0, 0.0
        return rate.x, rate.y, rate.z

    def _accelerate(
        self,
        stamp_ns: int,
        force: tuple[float, float, float],
        turn: tuple[float, float, float],
    ) -> None:
        """Add the acceleration, in m/s²; report a sensor that never measures gravity."""
        usable = self._accelerometer.add(stamp_ns, force, turn)
        if usable or self._usable_ns is None or stamp_ns < self._usable_ns:
            self._usable_ns = stamp_ns
        if stamp_ns - self._usable_ns > _UNUSABLE_NS:
            self._refuse(
                f"the acceleration is {math.hypot(*force):.2f} m/s²; 9.81 m/s² is expected at rest"
            )

    def _refuse(self, reason: str) -> None:
        self._refused += 1
        self._diagnostics.warn("imu", f"imu: {reason}")

    def _wait_for(self, stamp_ns: int) -> None:
        """Wait for a measurement at a time, unless those awaited before have not come yet.

        So a sensor that is silent, or always late, does not delay every image.
        """
        newest_ns = self._gyroscope.newest_ns or 0
        if newest_ns < self._awaited_ns <= stamp_ns:
            return
        self._awaited_ns = 0
        came = self._changed.wait_for(
            lambda: not self._is_open or (self._gyroscope.newest_ns or 0) >= stamp_ns, self._wait_s
        )
        if not came:
            self._awaited_ns = stamp_ns
