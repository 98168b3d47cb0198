"""Windows of tracks over time: one window of each, then the next ones."""

from collections.abc import Hashable, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting.diffusion.noise import noise_seed
from diffhpe_ros.lifting.pipeline.bone_lengths import BoneLengthRule
from diffhpe_ros.lifting.pipeline.initialization import Initialization
from diffhpe_ros.lifting.result import LiftResult
from diffhpe_ros.lifting.streaming.bone_length_tracker import BoneLengthTracker
from diffhpe_ros.lifting.streaming.warm_start import WarmStart
from diffhpe_ros.lifting.window_batch import WindowBatch, check_windows, check_world_landmarks


class LiftWindows(Protocol):
    """Lifts checked windows; `Lifter` gives it to its streams."""

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
            seeds: of each window's noise.
            start: where sampling starts; None for the lifter's own.
            decode: what keeps bone lengths; None for the lifter's own.
            world_landmarks: see `Lifter.lift`.
        """


class LiftingStream:
    """Windows of tracks over time, each with noise of its own.

    Args:
        lift: lifts single windows.
        frames: L of a window.
        seed: of the noise.
        warm_start: keeps the last poses of tracks, where windows start at those.
        bone_lengths: keeps the bone lengths of tracks, where those are to stay the same.

    Without either, each window stands alone; else the same calls in the same order give the same
    bits.
    """

    def __init__(
        self,
        lift: LiftWindows,
        *,
        frames: int,
        seed: int,
        warm_start: WarmStart | None = None,
        bone_lengths: BoneLengthTracker | None = None,
    ) -> None:
        self._lift_windows = lift
        self._frames = frames
        self._seed = seed
        self._warm_start = warm_start
        self._bone_lengths = bone_lengths

    def lift(
        self,
        x_2d: Any,
        track_ids: Sequence[Hashable],
        stamps: Sequence[int],
        confidence: Any | None = None,
        covariance_2d: Any | None = None,
        world_landmarks: Any | None = None,
    ) -> LiftResult:
        """Lift one window of each of several tracks.

        Args:
            x_2d: (B, 27, 17, 2), see `Lifter.lift`.
            track_ids: B keys that tell tracks apart, such as (camera, number); the noise depends
                on their `repr`.
            stamps: B times of the newest frame, nanoseconds.
            confidence: see `Lifter.lift`.
            covariance_2d: see `Lifter.lift`.
            world_landmarks: see `Lifter.lift`.

        Raises:
            DiffhpeError: see `Lifter.lift`; or there are not as many tracks or stamps as windows.
        """
        observed = check_windows(x_2d, self._frames, confidence, covariance_2d)
        if not len(observed) == len(track_ids) == len(stamps):
            raise DiffhpeError(
                f"{len(observed)} windows need as many track ids and stamps,"
                f" got {len(track_ids)} and {len(stamps)}"
            )
        world = check_world_landmarks(world_landmarks, observed)
        stamps = [int(stamp) for stamp in stamps]
        seeds = [
            noise_seed(self._seed, track_id, stamp)
            for track_id, stamp in zip(track_ids, stamps, strict=True)
        ]
        bone_lengths = self._bone_lengths
        decode = bone_lengths.rule(track_ids, stamps) if bone_lengths is not None else None
        if self._warm_start is None or not len(observed):
            return self._lift_windows(observed, seeds, decode=decode, world_landmarks=world)
        start = self._warm_start.start(observed.x_2d, track_ids, stamps)
        result = self._lift_windows(observed, seeds, start, decode, world)
        self._warm_start.keep(track_ids, stamps, torch.from_numpy(result.hypotheses))
        return result
