"""Windows of people over time: one window of each, then the next ones."""

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any

import torch

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting.diffusion.noise import noise_seed
from diffhpe_ros.lifting.streaming.bone_length_tracker import BoneLengthTracker
from diffhpe_ros.lifting.streaming.warm_start import WarmStart
from diffhpe_ros.lifting.window_batch import check_windows

if TYPE_CHECKING:
    from diffhpe_ros.lifting.lifter import Lifter
    from diffhpe_ros.lifting.result import LiftResult


class LiftingStream:
    """Windows of people over time, each with noise of its own.

    Args:
        lifter: of single windows.
        warm: what keeps the last poses of people, where windows start at those.
        bodies: what keeps how long people's bones are, where those are to stay the same.

    Without either, each window stands alone; else the same calls in the same order give the same
    bits.
    """

    def __init__(
        self,
        lifter: "Lifter",
        warm: WarmStart | None = None,
        bodies: BoneLengthTracker | None = None,
    ) -> None:
        self.lifter = lifter
        self._warm = warm
        self._bodies = bodies

    def lift(
        self,
        x_2d: Any,
        track_ids: Sequence[Hashable],
        stamps: Sequence[int],
        confidence: Any | None = None,
        covariance_2d: Any | None = None,
    ) -> "LiftResult":
        """Lift one window of each of several people.

        Args:
            x_2d: (B, 27, 17, 2), see `Lifter.lift`.
            track_ids: B keys that tell people apart, such as (frame_id, person); the noise depends
                on their `repr`.
            stamps: B times of the newest frame, nanoseconds.
            confidence: see `Lifter.lift`.
            covariance_2d: see `Lifter.lift`.
        """
        lifter = self.lifter
        observed = check_windows(x_2d, lifter.config.frames, confidence, covariance_2d)
        if not len(observed) == len(track_ids) == len(stamps):
            raise DiffhpeError(
                f"{len(observed)} windows need as many persons and stamps,"
                f" got {len(track_ids)} and {len(stamps)}"
            )
        stamps = [int(stamp) for stamp in stamps]
        seeds = [
            noise_seed(lifter.seed, person, stamp)
            for person, stamp in zip(track_ids, stamps, strict=True)
        ]
        decode = self._bodies.decode(track_ids, stamps) if self._bodies is not None else None
        if self._warm is None or not len(observed):
            return lifter._lift(observed, seeds, decode=decode)
        start = self._warm.start(observed.x_2d, track_ids, stamps)
        result = lifter._lift(observed, seeds, start, decode)
        self._warm.keep(track_ids, stamps, torch.from_numpy(result.hypotheses))
        return result
