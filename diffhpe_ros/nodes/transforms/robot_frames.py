"""The lifter's use of the robot's frames: the target frame, the camera's motion and gravity."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import Imu

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.geometry.rigid_transform import RigidTransform
from diffhpe_ros.nodes import qos
from diffhpe_ros.nodes.diagnostics.node_diagnostics import NodeDiagnostics
from diffhpe_ros.nodes.messages.transforms import tf_message_type
from diffhpe_ros.nodes.parameters.tables import LifterParameters
from diffhpe_ros.nodes.topics import Topics
from diffhpe_ros.nodes.transforms.buffer import TransformError
from diffhpe_ros.nodes.transforms.imu_source import ImuSource
from diffhpe_ros.nodes.transforms.listener import TransformListener
from diffhpe_ros.pipeline.gravity import Gravity
from diffhpe_ros.pipeline.people import LiftedPeople, PeopleWindows


class RobotFrames:
    """Subscribes to /tf, /tf_static and imu if the parameters need them.

    Args:
        parameters: the lifter's parameters.
        diagnostics: the lifter's diagnostics.

    Raises:
        DiffhpeError: tf2_msgs is needed and not installed.
    """

    def __init__(self, parameters: LifterParameters, diagnostics: NodeDiagnostics) -> None:
        self._target_frame = parameters.target_frame
        self._motion_frame = parameters.motion_frame
        self._replay = parameters.replay
        self._diagnostics = diagnostics
        self.transforms: TransformListener | None = None
        """None if no parameter needs transforms."""
        self._imu: ImuSource | None = None
        if parameters.using_transforms:
            self._tf_type = tf_message_type(parameters.using_transforms[0])
            timing = parameters.transform_timeout_s, parameters.replay, diagnostics
            self.transforms = TransformListener(*timing)
            if parameters.imu:
                self._imu = ImuSource(self.transforms, *timing)

    def subscribe(self, topics: Topics) -> None:
        """Subscribe to the topics in use."""
        if self.transforms is not None:
            self.transforms.subscribe(topics, self._tf_type)
        if self._imu is not None:
            topics.subscribe(Imu, "imu", self._imu.put, qos.imu(self._replay))

    def close(self) -> None:
        """Stop waiting for transforms."""
        for source in (self.transforms, self._imu):
            if source is not None:
                source.close()

    def inspect(self) -> None:
        """Update the warnings; called once a second."""
        for source in (self.transforms, self._imu):
            if source is not None:
                source.inspect()

    def with_motion(self, windows: PeopleWindows) -> PeopleWindows:
        """Add the camera's motion over their frames to windows, if it is wanted and known."""
        if not len(windows) or not (self._motion_frame or self._imu):
            return windows
        stamps, rows = np.unique(windows.stamp_ns + windows.offsets_ns, return_inverse=True)
        try:
            motion = self._motion(windows.frame_id, stamps)
        except DiffhpeError as error:
            self._diagnostics.count("without_motion", len(windows))
            self._diagnostics.warn_of_message(
                "motion", f"{error}; the camera is assumed to be fixed"
            )
            return windows
        self._diagnostics.clear("motion")
        return replace(windows, motion=motion[rows.reshape(windows.offsets_ns.shape)])

    def in_target_frame(self, people: LiftedPeople) -> LiftedPeople | None:
        """Transform people to the target frame; None, with a warning, if it is not known."""
        target, transforms = self._target_frame, self.transforms
        if not target or transforms is None:
            return people
        if not len(people):
            return LiftedPeople.empty(target, people.stamp_ns, people.camera)
        try:
            transform = transforms.lookup(target, people.frame_id, [people.stamp_ns])[0]
        except TransformError as error:
            self._diagnostics.count("untransformed", len(people))
            self._diagnostics.warn_of_message("transform", str(error))
            return None
        self._diagnostics.clear("transform")
        self._diagnostics.count("untransformed", 0)
        return people.moved(transform, target, up_of(target))

    def up(self, frame_id: str, stamp_ns: int) -> NDArray[np.float64]:
        """The up direction (3,) in a camera's optical frame, from the target frame.

        Raises:
            TransformError: the frames are not connected at that time.
        """
        assert self.transforms is not None
        transform = self.transforms.lookup(self._target_frame, frame_id, [stamp_ns])[0]
        return transform.inverse().vectors(np.array(up_of(self._target_frame)))

    def gravity(self, frame_id: str, stamp_ns: int) -> Gravity | None:
        """Gravity in a camera's optical frame from the accelerometer; None without one."""
        if self._imu is None:
            return None
        try:
            gravity = self._imu.gravity(frame_id, stamp_ns)
        except TransformError as error:
            self._diagnostics.warn_of_message("gravity", f"{error}: no gravity from the imu")
            return None
        self._diagnostics.clear("gravity")
        return gravity

    def _motion(self, frame_id: str, stamps_ns: NDArray[np.int64]) -> RigidTransform:
        """The camera's motion from /tf if it is known, or else from the gyroscope."""
        if self._motion_frame and self.transforms is not None:
            try:
                return self.transforms.lookup(self._motion_frame, frame_id, stamps_ns.tolist())
            except TransformError:
                if self._imu is None:
                    raise
        assert self._imu is not None
        return self._imu.motion(frame_id, stamps_ns)


def up_of(frame: str) -> tuple[float, float, float]:
    """The up direction of a frame by REP-103: z, but -y in optical frames."""
    return (0.0, -1.0, 0.0) if frame.endswith(("optical_frame", "_optical")) else (0.0, 0.0, 1.0)
