"""Windows → people in metres: the work of the node `lifter`, without ROS."""

from collections.abc import Sequence
from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.lifting import Lifter, LiftResult
from diffhpe_ros.pipeline.body_sizes import BodySizes
from diffhpe_ros.pipeline.ego_motion import rotated_to_newest
from diffhpe_ros.pipeline.options import OutputOptions
from diffhpe_ros.pipeline.output_smoothing import OutputSmoothing
from diffhpe_ros.pipeline.people import LiftedPeople, PeopleWindows, join_world_landmarks
from diffhpe_ros.pipeline.root_localizer import RootLocalizer
from diffhpe_ros.pipeline.window_spans import WindowSpans
from diffhpe_ros.windows import FRAMES


class LiftingStage:
    """Lifts the people of all cameras in one batch and localizes them in metres.

    Args:
        lifter: lifts the windows.
        options: which frame to output, and how to smooth it.
        person_height: metres, used while one person is in view; None if it is not known.
    """

    def __init__(
        self,
        lifter: Lifter,
        options: OutputOptions | None = None,
        person_height: float | None = None,
    ) -> None:
        self._lifter, self._stream = lifter, lifter.stream()
        self._options = options or OutputOptions()
        self._root_localizer = RootLocalizer(person_height)
        self._output_smoothing = OutputSmoothing(self._options)
        self._spans = WindowSpans(lifter.config)
        self.span_warnings: dict[str, str] = {}
        """Camera → warning about its windows of the last `process`; empty if they are right."""

    @property
    def sizes(self) -> BodySizes:
        """The people's sizes, from the floor, depth and a known stature."""
        return self._root_localizer.sizes

    def use(self, lifter: Lifter) -> None:
        """Use another lifter from now on: the same model with other sampling or another engine."""
        if lifter is not self._lifter:
            self._lifter, self._stream = lifter, lifter.stream()

    def smooth(self, options: OutputOptions) -> None:
        """Use other options from now on; smoothing starts over if they differ."""
        if options != self._options:
            self._options = options
            self._output_smoothing = OutputSmoothing(options)

    def check(self, windows: PeopleWindows) -> None:
        """Refuse windows that do not fit the model.

        Raises:
            DiffhpeError: they do not have one of the model's rates.
        """
        self._spans.check(windows)

    def process(self, messages: Sequence[PeopleWindows]) -> list[LiftedPeople | None]:
        """Lift one or more cameras' people in one batch; one result for each message.

        It is None where people are in view, but with a lag the windows of all are still too short.
        An empty result means that nobody is in view any more.

        windows → rotated to the newest camera orientation, if the camera's motion is known → lifted
        (root-relative) → localized (metres in the camera's frame), each with all 27 frames →
        smoothed, one frame.
        """
        self.span_warnings = {}
        in_time = [rotated_to_newest(self._in_time(windows)) for windows in messages]
        lifted = iter(self._lift([windows for windows in in_time if len(windows)]))
        return [
            self._people(ready, next(lifted)) if len(ready) else self._nobody(windows)
            for windows, ready in zip(messages, in_time, strict=True)
        ]

    def _in_time(self, windows: PeopleWindows) -> PeopleWindows:
        """The people whose windows have a frame at the output time.

        The windows of new people are shorter, and so are their lags.
        """
        stay_short = self._spans.stay_short(windows)
        self.span_warnings[windows.camera] = self._spans.warning(windows, stay_short)
        if not self._options.lag or not len(windows):
            return windows
        return windows.of(self._spans.full(windows) | stay_short)

    def _people(self, windows: PeopleWindows, lifted: LiftResult) -> LiftedPeople:
        return self._output_smoothing.smooth(self._root_localizer.localize(windows, lifted))

    def _nobody(self, windows: PeopleWindows) -> LiftedPeople | None:
        """The result of a message without anybody who can be lifted."""
        if len(windows):
            return None
        self._root_localizer.remove_camera(windows.camera)
        self._output_smoothing.remove_camera(windows.camera)
        return LiftedPeople.empty(windows.frame_id, windows.stamp_ns, windows.camera_name)

    def _lift(self, messages: Sequence[PeopleWindows]) -> list[LiftResult]:
        """The result of each message that has people."""
        if not messages:
            return []
        seen = np.concatenate([windows.keypoints for windows in messages])
        result = self._stream.lift(
            np.nan_to_num(seen),
            [(each.camera, track_id) for each in messages for track_id in each.track_ids],
            [windows.stamp_ns for windows in messages for _ in windows.track_ids],
            confidence=np.concatenate([windows.confidence for windows in messages]),
            covariance_2d=np.concatenate([windows.covariance for windows in messages]),
            world_landmarks=join_world_landmarks(
                [(len(windows), windows.world_landmarks) for windows in messages]
            ),
            orientation=_orientation(messages),
            rates=(FRAMES - 1) / np.concatenate([windows.spans_s for windows in messages]),
        )
        ends = np.cumsum([len(windows) for windows in messages])
        return [
            _rows(result, slice(end - len(windows), end))
            for windows, end in zip(messages, ends, strict=True)
        ]


def _orientation(messages: Sequence[PeopleWindows]) -> NDArray[np.float64] | None:
    """Rotations (B, 3, 3) of all cameras at the newest images; None if none is known."""
    if all(windows.motion is None for windows in messages):
        return None
    return np.concatenate(
        [
            np.broadcast_to(np.eye(3), (len(windows), 3, 3))
            if windows.motion is None
            else windows.motion.rotation[:, -1]
            for windows in messages
        ]
    )


def _rows(result: LiftResult, rows: slice) -> LiftResult:
    """Some rows of a batch's result."""
    return LiftResult(**{each.name: getattr(result, each.name)[rows] for each in fields(result)})
