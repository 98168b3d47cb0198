"""Windows → people in metres: what the node `lifter` does, without ROS."""

from collections.abc import Sequence
from dataclasses import fields

import numpy as np

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting import Lifter, LiftResult
from diffhpe_ros.pipeline.options import OutputOptions
from diffhpe_ros.pipeline.output_smoothing import OutputSmoothing
from diffhpe_ros.pipeline.people import LiftedPeople, PeopleWindows
from diffhpe_ros.pipeline.root_localizer import RootLocalizer
from diffhpe_ros.windows import FRAMES

_RATE_TOLERANCE = 0.05


class LiftingStage:
    """Lifts the people of all cameras in one batch and places them in metres."""

    def __init__(self, lifter: Lifter, options: OutputOptions | None = None) -> None:
        self._stream = lifter.stream()
        self._options = options or OutputOptions()
        self._root_localizer = RootLocalizer()
        self._output_smoothing = OutputSmoothing(self._options)
        self._span_ns = (FRAMES - 1) / lifter.config.rate * 1e9

    def use(self, lifter: Lifter) -> None:
        """Lift with this one from now on: the same model, sampled otherwise or elsewhere."""
        if lifter is not self._stream.lifter:
            self._stream = lifter.stream()

    def smooth(self, options: OutputOptions) -> None:
        """Smooth so from now on; smoothing begins anew where the options differ."""
        if options != self._options:
            self._options = options
            self._output_smoothing = OutputSmoothing(options)

    def check(self, windows: PeopleWindows) -> None:
        """Refuse windows that the model was not made for.

        Raises:
            DiffhpeError: they are not at the model's rate.
        """
        spans = -windows.offsets_ns[:, 0]
        wrong = np.abs(spans / self._span_ns - 1) > _RATE_TOLERANCE
        if wrong.any():
            raise DiffhpeError(
                f"windows of {self._span_ns / 1e9:.3f} s are expected by this model, got"
                f" {spans[wrong][0] / 1e9:.3f} s: set the detector's parameter rate"
            )

    def process(self, messages: Sequence[PeopleWindows]) -> list[LiftedPeople]:
        """Lift one or more cameras' people in one batch; one result for each message.

        Each step takes all of a window and gives all of it: windows → lifted (root-relative) →
        placed (metres in the camera's frame) → the frame that is shown.
        """
        lifted = iter(self._lift([windows for windows in messages if len(windows)]))
        return [
            self._somebody(windows, next(lifted)) if len(windows) else self._nobody(windows)
            for windows in messages
        ]

    def _somebody(self, windows: PeopleWindows, lifted: LiftResult) -> LiftedPeople:
        return self._output_smoothing.smooth(self._root_localizer.place(windows, lifted))

    def _nobody(self, windows: PeopleWindows) -> LiftedPeople:
        self._root_localizer.no_people(windows)
        return self._output_smoothing.no_people(windows)

    def _lift(self, messages: Sequence[PeopleWindows]) -> list[LiftResult]:
        """What is lifted of each message's people."""
        if not messages:
            return []
        seen = np.concatenate([windows.keypoints for windows in messages])
        result = self._stream.lift(
            np.nan_to_num(seen),
            [(windows.frame_id, person) for windows in messages for person in windows.track_ids],
            [windows.stamp_ns for windows in messages for _ in windows.track_ids],
            confidence=np.concatenate([windows.confidence for windows in messages]),
            covariance_2d=np.concatenate([windows.covariance for windows in messages]),
        )
        ends = np.cumsum([len(windows) for windows in messages])
        return [
            _rows(result, slice(end - len(windows), end))
            for windows, end in zip(messages, ends, strict=True)
        ]


def _rows(result: LiftResult, rows: slice) -> LiftResult:
    """The part of a batch's result that belongs to some of its windows."""
    return LiftResult(**{each.name: getattr(result, each.name)[rows] for each in fields(result)})
