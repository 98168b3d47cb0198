"""Lifts windows of tracks over time: one window per track at each call."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting.diffusion.noise import noise_seed
from diffhpe_ros.lifting.pipeline.bone_lengths import BoneLengthRule
from diffhpe_ros.lifting.pipeline.initialization import Initialization
from diffhpe_ros.lifting.result import LiftResult
from diffhpe_ros.lifting.streaming.bone_length_tracker import BoneLengthTracker, tracked_lengths
from diffhpe_ros.lifting.streaming.warm_start import PoseHistory, WarmStart, turned
from diffhpe_ros.lifting.window_batch import WindowBatch, check_windows, check_world_landmarks
from diffhpe_ros.track_registry import STREAM_S, TrackKey, TrackStates


class LiftWindows(Protocol):
    """A function that lifts checked windows; `Lifter` passes it to its streams."""

    def __call__(
        self,
        observed: WindowBatch,
        seeds: Sequence[int],
        start: Initialization | None = None,
        decode: BoneLengthRule | None = None,
        world_landmarks: NDArray[np.float32] | None = None,
    ) -> LiftResult:
        """Poses, hypotheses and covariance of B windows.

        Args:
            observed: B windows.
            seeds: one for each window's noise.
            start: where sampling starts; None for the lifter's own.
            decode: the bone length rule; None for the lifter's own.
            world_landmarks: see `Lifter.lift`.
        """


@dataclass(frozen=True)
class _TrackState:
    """A stream's state of one track."""

    bone_lengths: BoneLengthTracker
    poses: PoseHistory = field(default_factory=PoseHistory)


class LiftingStream:
    """Lifts windows of tracks over time, each with its own noise.

    Args:
        lift: lifts single windows.
        frames: L, the length of a window.
        rate: frames per second.
        seed: of the noise.
        warm_start: starts windows at the last poses of their tracks; None without it.
        fixed_lengths: whether a track's bones keep their lengths over all its windows.

    Without both options, each window is independent. With either, the same calls in the same order
    give the same bits.
    """

    def __init__(
        self,
        lift: LiftWindows,
        *,
        frames: int,
        rate: float,
        seed: int,
        warm_start: WarmStart | None = None,
        fixed_lengths: bool = False,
    ) -> None:
        self._lift_windows = lift
        self._frames, self._rate = frames, rate
        self._seed = seed
        self._warm_start = warm_start
        self._fixed_lengths = fixed_lengths
        window_s = (frames - 1) / rate
        self._tracks = TrackStates(lambda: _TrackState(BoneLengthTracker(window_s)), STREAM_S)

    def lift(
        self,
        x_2d: Any,
        tracks: Sequence[TrackKey],
        stamps: Sequence[int],
        confidence: Any | None = None,
        covariance_2d: Any | None = None,
        world_landmarks: Any | None = None,
        orientation: Any | None = None,
        rates: Any | None = None,
    ) -> LiftResult:
        """Lift one window of each of several tracks.

        Args:
            x_2d: (B, 27, 17, 2), see `Lifter.lift`.
            tracks: B cameras and track ids; the noise depends on them. A camera's tracks start
                again when its stamps go back.
            stamps: B times of the newest frame, nanoseconds.
            confidence: see `Lifter.lift`.
            covariance_2d: see `Lifter.lift`.
            world_landmarks: see `Lifter.lift`.
            orientation: (B, 3, 3) rotation from each window's camera to a fixed frame, for moving
                cameras: the last poses are rotated with it.
            rates: (B,), frames per second of the windows; None: the model's.

        Raises:
            DiffhpeError: see `Lifter.lift`; or the number of tracks or stamps is not that of the
                windows.
        """
        observed = check_windows(x_2d, self._frames, confidence, covariance_2d)
        if not len(observed) == len(tracks) == len(stamps):
            raise DiffhpeError(
                f"{len(observed)} windows need as many tracks and stamps,"
                f" got {len(tracks)} and {len(stamps)}"
            )
        world = check_world_landmarks(world_landmarks, observed)
        stamps = [int(stamp) for stamp in stamps]
        seeds = [
            noise_seed(self._seed, track, stamp)
            for track, stamp in zip(tracks, stamps, strict=True)
        ]
        states = self._states(tracks, stamps)
        decode = None
        if self._fixed_lengths:
            decode = tracked_lengths([state.bone_lengths for state in states], stamps)
        if self._warm_start is None or not len(observed):
            return self._lift_windows(observed, seeds, decode=decode, world_landmarks=world)
        histories = [state.poses for state in states]
        rates = np.full(len(observed), self._rate) if rates is None else np.asarray(rates)
        start = self._warm_start.start(observed.x_2d, histories, stamps, rates, orientation)
        result = self._lift_windows(observed, seeds, start, decode, world)
        hypotheses = result.hypotheses
        if orientation is not None:  # kept in the fixed frame
            hypotheses = turned(hypotheses, orientation)
        for history, stamp, rate, poses in zip(
            histories, stamps, rates.tolist(), hypotheses, strict=True
        ):
            history.keep(stamp, rate, poses.copy())
        return result

    def _states(self, tracks: Sequence[TrackKey], stamps: Sequence[int]) -> list[_TrackState]:
        """The state of each track. A batch may hold images of several cameras or times."""
        found: list[_TrackState] = []
        rows = ((*track, stamp) for track, stamp in zip(tracks, stamps, strict=True))
        for (camera, stamp), image in groupby(rows, itemgetter(0, 2)):
            found += self._tracks.update(camera, [track_id for _, track_id, _ in image], stamp)
        return found
