"""The rate of images."""

from collections import deque
from itertools import pairwise
from statistics import median

_KEPT_PERIODS = 8
_LEAST_PERIODS = 3


class ImageRate:
    """Measures the period of images from their stamps, so that a replay gives the same result."""

    def __init__(self) -> None:
        self._stamps: deque[int] = deque(maxlen=_KEPT_PERIODS + 1)

    def add(self, stamp_ns: int) -> None:
        """Add an image; its stamp is later than the previous one."""
        self._stamps.append(stamp_ns)

    def reset(self) -> None:
        """Start over."""
        self._stamps.clear()

    @property
    def period_s(self) -> float | None:
        """Median time between the last 9 images in seconds; None before there are 4."""
        stamps = list(self._stamps)
        periods = [later - earlier for earlier, later in pairwise(stamps)]
        return median(periods) / 1e9 if len(periods) >= _LEAST_PERIODS else None
