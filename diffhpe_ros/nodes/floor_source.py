"""The floor below each camera: from TF, or from the camera's height and gravity."""

from __future__ import annotations

import math
from dataclasses import replace

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.geometry.floor import Floor
from diffhpe_ros.geometry.upright import LEVEL
from diffhpe_ros.nodes.diagnostics.node_diagnostics import NodeDiagnostics
from diffhpe_ros.nodes.parameters.tables import LifterParameters
from diffhpe_ros.nodes.transforms.buffer import TransformError
from diffhpe_ros.nodes.transforms.robot_frames import RobotFrames
from diffhpe_ros.pipeline.camera_floor import GIVEN_SD, LOWEST_M, check_lengths, floor_below
from diffhpe_ros.pipeline.gravity import Gravity
from diffhpe_ros.pipeline.people import LiftedPeople, PeopleWindows
from diffhpe_ros.pipeline.people_gravity import PeopleGravity
from diffhpe_ros.track_registry import MAX_CAMERAS

_TF_UP_SD, _TF_HEIGHT_SD_M = math.radians(0.5), 0.02
"""Uncertainty of a camera's pose in the robot's frames: its mounting, and how the robot stands."""


class FloorSource:
    """Adds the floor to windows, if a parameter asks for it.

    Args:
        parameters: the lifter's parameters.
        robot: the robot's frames.
        diagnostics: the lifter's diagnostics.

    Raises:
        DiffhpeError: the parameters contradict each other, or are not in metres.
    """

    def __init__(
        self, parameters: LifterParameters, robot: RobotFrames, diagnostics: NodeDiagnostics
    ) -> None:
        self._parameters = parameters
        self._robot = robot
        self._diagnostics = diagnostics
        self._height = parameters.camera_height or None
        self._by_people: dict[str, PeopleGravity] = {}
        check_lengths(self._height, parameters.person_height or None)
        if self._height is not None and parameters.floor_frame:
            raise DiffhpeError(
                "floor_frame gives the camera's height: set floor_frame or camera_height, not both"
            )

    def with_floor(self, windows: PeopleWindows) -> PeopleWindows:
        """Add the floor below their camera to windows, if it is wanted and known."""
        if not len(windows) or not (self._parameters.floor_frame or self._height):
            return windows
        try:
            floor = self._floor(windows.frame_id, windows.stamp_ns)
        except DiffhpeError as error:
            self._diagnostics.count("without_floor", len(windows))
            self._diagnostics.warn_of_message("floor", f"{error}; people are assumed to be adults")
            return windows
        self._diagnostics.clear("floor")
        self._diagnostics.set_value(f"floor {windows.frame_id}", _text(floor))
        return replace(windows, floor=floor)

    def update(self, people: LiftedPeople) -> None:
        """Learn gravity from people in the camera's optical frame, if no other source gives it."""
        if self._height is None or self._parameters.motion_frame:
            return
        by_people = self._by_people.pop(people.frame_id, None) or PeopleGravity()
        by_people.update(people.track_ids, people.joints, people.stamp_ns)
        self._by_people[people.frame_id] = by_people
        while len(self._by_people) > MAX_CAMERAS:
            del self._by_people[next(iter(self._by_people))]

    def _floor(self, frame_id: str, stamp_ns: int) -> Floor:
        if self._height is not None:
            return floor_below(self._gravity(frame_id, stamp_ns), self._height)
        frame, transforms = self._parameters.floor_frame, self._robot.transforms
        assert transforms is not None
        camera = transforms.lookup(frame, frame_id, [stamp_ns])[0]
        height = float(camera.translation[2])
        if height < LOWEST_M:
            raise DiffhpeError(
                f"the camera is at z = {height:.2f} m of floor_frame {frame}, which must be the"
                " floor, with z up"
            )
        return Floor(camera.rotation[2], height, _TF_UP_SD, _TF_HEIGHT_SD_M, frame)

    def _gravity(self, frame_id: str, stamp_ns: int) -> Gravity:
        """Gravity and its uncertainty from the best known source.

        Raises:
            DiffhpeError: no source knows it.
        """
        measured = self._robot.gravity(frame_id, stamp_ns)
        if measured is not None:
            return measured
        if self._parameters.target_frame:
            try:
                return Gravity(self._robot.up(frame_id, stamp_ns), _TF_UP_SD, "TF")
            except TransformError:
                pass  # `in_target_frame` warns of it
        if self._parameters.level_camera:
            return Gravity(LEVEL, GIVEN_SD, "level_camera")
        by_people = self._by_people.get(frame_id)
        if by_people is None or by_people.gravity is None:
            raise DiffhpeError(
                "camera_height also needs gravity, from the topic imu, a target_frame,"
                " level_camera or people walking in front of a fixed camera"
            )
        return by_people.gravity


def _text(floor: Floor) -> str:
    return (
        f"{floor.height:.2f} m below, by {floor.source}, sd {math.degrees(floor.up_sd):.1f} degrees"
    )
