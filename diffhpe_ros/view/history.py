"""Estimates by their time, for plots, trails and the time slider."""

from bisect import bisect_left, bisect_right, insort

from diffhpe_ros.view.estimator import Estimate


class History:
    """Estimates of a source, one for each time.

    Args:
        longest_s: estimates older than the newest by more than this are dropped; None keeps all.
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
        """The estimate at that time; None if there is none."""
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
