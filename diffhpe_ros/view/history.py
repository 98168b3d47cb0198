"""Estimates by their time, so that plots, trails and a slider can look back."""

from bisect import bisect_left, bisect_right, insort

from diffhpe_ros.view.estimator import Estimate


class History:
    """Estimates of a source, each time once.

    Args:
        longest_s: what is older than this before the newest is dropped; None keeps all.
    """

    def __init__(self, longest_s: float | None = None) -> None:
        self._longest_s = longest_s
        self._stamps: list[int] = []
        self._estimates: dict[int, Estimate] = {}

    def __len__(self) -> int:
        return len(self._stamps)

    def add(self, estimate: Estimate) -> None:
        """Keep an estimate."""
        if estimate.stamp_ns not in self._estimates:
            insort(self._stamps, estimate.stamp_ns)
        self._estimates[estimate.stamp_ns] = estimate
        if self._longest_s is not None:
            oldest = self._stamps[-1] - round(self._longest_s * 1e9)
            while self._stamps[0] < oldest:
                del self._estimates[self._stamps.pop(0)]

    def get(self, stamp_ns: int) -> Estimate | None:
        """The estimate of that time; None if it is not known."""
        return self._estimates.get(stamp_ns)

    def until(self, stamp_ns: int, seconds: float) -> list[Estimate]:
        """The estimates of the seconds that end at a time, in order."""
        first = bisect_left(self._stamps, stamp_ns - round(seconds * 1e9))
        stamps = self._stamps[first : bisect_right(self._stamps, stamp_ns)]
        return [self._estimates[stamp] for stamp in stamps]

    def clear(self) -> None:
        """Forget all."""
        self._stamps.clear()
        self._estimates.clear()
