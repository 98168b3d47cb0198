"""The transform of one frame to its parent over time."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from diffhpe_ros.geometry.rigid_transform import RigidTransform, slerp

NEVER = 2**63 - 1
_VALUES = 7  # translation x y z, quaternion x y z w
_DROPPED_AT_ONCE = 64
_JUMP_NS = 1_000_000_000
"""If a sample is older than the newest by more than this, the clock has jumped back."""
_SPACING_NS = 2_000_000
"""If the newest sample is closer than this to the one before, the next sample replaces it: at most
500 Hz are kept."""
_MOST = 10_000
"""Most samples of a frame, whatever their stamps."""


class TransformSample(NamedTuple):
    """The pose of a frame at a time."""

    stamp_ns: int
    parent: str
    values: Sequence[float]
    """Translation x y z and unit quaternion x y z w, in the parent's frame."""


class Link:
    """The samples of one frame; static frames have one that holds at any time."""

    def __init__(self) -> None:
        self._fixed: RigidTransform | None = None
        self._clear()

    def __len__(self) -> int:
        return len(self._stamps)

    @property
    def newest_ns(self) -> int:
        """Stamp of the newest sample."""
        return self._stamps[-1]

    @property
    def newest_parent(self) -> str:
        """The current parent."""
        return self._parents[-1]

    def set_static(self, sample: TransformSample) -> None:
        """Use this sample for all times."""
        self._clear()
        self._insert(0, sample, 0)
        values = np.array([sample.values])
        self._fixed = RigidTransform.from_quaternion(values[:, :3], values[:, 3:])

    def add(self, sample: TransformSample, known_at_ns: int) -> None:
        """Add a sample; it replaces one with the same stamp.

        Args:
            sample: the sample.
            known_at_ns: the newest stamp of all frames when it arrived.
        """
        if self._fixed is not None or (
            self._stamps and sample.stamp_ns < self.newest_ns - _JUMP_NS
        ):
            self._clear()
        place = bisect_left(self._stamps, sample.stamp_ns)
        if place < len(self) and self._stamps[place] == sample.stamp_ns:
            self._delete(place, place + 1)
        elif place == len(self) > 1 and self.newest_ns - self._stamps[-2] < _SPACING_NS:
            place -= 1
            self._delete(place, place + 1)
        self._insert(place, sample, known_at_ns)
        if len(self) > _MOST:
            self._delete(0, _DROPPED_AT_ONCE)

    def forget_before(self, stamp_ns: int) -> None:
        """Drop samples that are not needed from this time on."""
        first = bisect_right(self._stamps, stamp_ns) - 1
        if self._fixed is None and first >= _DROPPED_AT_ONCE:
            self._delete(0, first)

    def around(self, stamp_ns: int, known_by_ns: int = NEVER) -> tuple[int, int] | None:
        """Indices of the samples before and after a time; None if one is missing.

        Both are the same at the stamp of a sample, and for static frames. If the parent changed
        between the two, both are the earlier one.

        Args:
            stamp_ns: the time.
            known_by_ns: samples that arrived later do not count.
        """
        if self._fixed is not None:
            return 0, 0
        before = bisect_right(self._stamps, stamp_ns) - 1
        while before >= 0 and self._known_at[before] > known_by_ns:
            before -= 1
        if before < 0:
            return None
        if self._stamps[before] == stamp_ns:
            return before, before
        after = bisect_right(self._stamps, stamp_ns)
        while after < len(self) and self._known_at[after] > known_by_ns:
            after += 1
        if after == len(self):
            return None
        return before, after if self._parents[after] == self._parents[before] else before

    def parent(self, number: int) -> str:
        """The parent in a sample, given by its index."""
        return self._parents[number]

    def at(self, stamps_ns: Sequence[int], pairs: Sequence[tuple[int, int]]) -> RigidTransform:
        """Transforms to the parent at N times, between pairs of samples; one for a static frame."""
        if self._fixed is not None:
            return self._fixed
        numbers = np.array(pairs)
        samples = np.frombuffer(self._values).reshape(-1, _VALUES)[numbers]
        times = np.frombuffer(self._stamps, np.int64)[numbers]
        passed = np.array(stamps_ns) - times[:, 0]
        share = passed / np.maximum(times[:, 1] - times[:, 0], 1)
        start, end = samples[:, 0], samples[:, 1]
        return RigidTransform.from_quaternion(
            start[:, :3] + share[:, None] * (end - start)[:, :3],
            slerp(start[:, 3:], end[:, 3:], share),
        )

    def gap_s(self, stamp_ns: int) -> float:
        """Seconds from the nearest end of the samples to a time; positive beyond the newest."""
        if stamp_ns < self._stamps[0]:
            return (stamp_ns - self._stamps[0]) / 1e9
        return (stamp_ns - self.newest_ns) / 1e9

    def _clear(self) -> None:
        self._fixed = None
        self._stamps = array("q")
        self._known_at = array("q")
        self._parents: list[str] = []
        self._values = array("d")

    def _insert(self, place: int, sample: TransformSample, known_at_ns: int) -> None:
        self._stamps.insert(place, sample.stamp_ns)
        self._known_at.insert(place, known_at_ns)
        self._parents.insert(place, sample.parent)
        self._values[place * _VALUES : place * _VALUES] = array("d", sample.values)

    def _delete(self, start: int, end: int) -> None:
        del self._stamps[start:end], self._known_at[start:end], self._parents[start:end]
        del self._values[start * _VALUES : end * _VALUES]
