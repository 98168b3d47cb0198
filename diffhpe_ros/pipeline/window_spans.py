"""Time spans of windows, compared with those that the model expects."""

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting import ModelConfig
from diffhpe_ros.pipeline.people import PeopleWindows
from diffhpe_ros.track_registry import STREAM_S, TrackStates
from diffhpe_ros.windows.grid import TOLERANCE_NS

_RATE_TOLERANCE = 0.05
_FEWEST_WINDOWS = 3  # the first windows of a person who comes back twice may have the same span


class WindowSpans:
    """Checks the spans of windows, and finds those that stay shorter than the model's.

    The windows of a new person grow until they span the model's usual time. They stay shorter if
    the detector makes windows of another rate than the model's.

    Args:
        config: the model's configuration.
    """

    def __init__(self, config: ModelConfig) -> None:
        self._rate = config.rate
        self._shortest_s, self._usual_s = config.spans_s
        self._tracks = TrackStates(_Span, STREAM_S)

    def check(self, windows: PeopleWindows) -> None:
        """Refuse windows that do not fit the model.

        Raises:
            DiffhpeError: they do not have one of the model's rates.
        """
        shortest, usual, spans_s = self._shortest_s, self._usual_s, windows.spans_s
        wrong = spans_s < shortest * (1 - _RATE_TOLERANCE)
        wrong |= spans_s > usual * (1 + _RATE_TOLERANCE)
        if wrong.any():
            expected = f"{usual:.3f}" if shortest == usual else f"{shortest:.3f} to {usual:.3f}"
            raise DiffhpeError(
                f"camera {windows.camera}: windows of {expected} s are expected by this model, got"
                f" {spans_s[wrong][0]:.3f} s: set the detector's parameter rate to {self._rate:g}"
            )

    def full(self, windows: PeopleWindows) -> NDArray[np.bool_]:
        """Mask (P,) of the windows that have the model's usual span."""
        return np.asarray(windows.spans_s > self._usual_s * (1 - _RATE_TOLERANCE))

    def stay_short(self, windows: PeopleWindows) -> NDArray[np.bool_]:
        """Mask (P,) of the next windows that are too short, although their tracks are old enough.

        Their span has not changed over several windows, and the track has been followed for longer
        than the usual span.
        """
        spans = self._tracks.update(windows.camera, windows.track_ids, windows.stamp_ns)
        for span, ns in zip(spans, (-windows.offsets_ns[:, 0]).tolist(), strict=True):
            span.update(ns, windows.stamp_ns)
        old = np.array([span.is_constant_for(self._usual_s) for span in spans], np.bool_)
        return old & ~self.full(windows)

    def warning(self, windows: PeopleWindows, stay_short: NDArray[np.bool_]) -> str:
        """A warning about windows that stay too short; empty if there are none."""
        if not stay_short.any():
            return ""
        return (
            f"camera {windows.camera}: windows stay {windows.spans_s[stay_short][0]:.3f} s long,"
            f" {self._usual_s:.3f} s are expected by this model: set the detector's parameter rate"
            f" to {self._rate:g}"
        )


class _Span:
    """The span of a track's windows, and since when it has been the same."""

    def __init__(self) -> None:
        self._ns = self._since_ns = self._stamp_ns = self._windows = 0

    def update(self, ns: int, stamp_ns: int) -> None:
        """Add the next window."""
        if abs(ns - self._ns) > TOLERANCE_NS:
            self._ns, self._since_ns, self._windows = ns, stamp_ns, 0
        self._windows += 1
        self._stamp_ns = stamp_ns

    def is_constant_for(self, seconds: float) -> bool:
        """Whether the track is older than that, and its windows have stopped growing."""
        age_ns = self._ns + self._stamp_ns - self._since_ns
        return self._windows >= _FEWEST_WINDOWS and age_ns > seconds * 1e9
