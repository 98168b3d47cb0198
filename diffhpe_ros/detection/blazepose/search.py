"""Where BlazePose looks for people whom it does not know yet, and when."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

_MAX_PARTS = 8
_KEEN_FRAMES = 30
"""So long somebody lost is looked for in every image."""


class Part(NamedTuple):
    """A rectangle of the image, in pixels."""

    x: int
    y: int
    width: int
    height: int


def parts_of(width: int, height: int) -> list[Part]:
    """The whole image, then squares of its shorter side that overlap by half at least.

    The network sees whatever it is given at 224 pixels, and misses people who fill less than some
    30 % of that: in a square of a 16:9 image they are 1.8 times as large as in the whole of it.
    """
    side, length = min(width, height), max(width, height)
    count = min(1 + math.ceil(2 * (length / side - 1)), _MAX_PARTS)
    whole = [Part(0, 0, width, height)]
    if count == 1:
        return whole
    starts = np.linspace(0, length - side, count).round().astype(int).tolist()
    squares = [(start, 0) if width > height else (0, start) for start in starts]
    return whole + [Part(x, y, side, side) for x, y in squares]


class Search:
    """Decides which parts of each image are searched, if any, to bound the time.

    While nobody is followed, that is the whole of every image and one square; for a while after
    somebody was lost, the whole or a square of every image; else of every n-th one.
    """

    def __init__(self, every: int) -> None:
        self._every = every
        self.restart()

    def restart(self) -> None:
        """Begin with the whole of the next image."""
        self._turn = 0
        self._keen = 0
        self._wait = 0

    def state(self) -> list[int]:
        """Whole numbers for `restore`."""
        return [self._turn, self._keen, self._wait]

    def restore(self, state: Sequence[int]) -> None:
        """Go on as another search that gave this `state`."""
        self._turn, self._keen, self._wait = state

    def hurry(self) -> None:
        """Search every image for a while, the whole of it first: somebody was lost."""
        if self._keen <= 0:  # else people who come and go would keep it from the squares
            self._turn = 0
        self._keen = _KEEN_FRAMES

    def next_parts(self, width: int, height: int, nobody: bool) -> list[Part]:
        """The parts of this image that are to be searched, until somebody is found.

        Args:
            width: pixels of the image.
            height: pixels of the image.
            nobody: nobody is followed.
        """
        self._wait -= 1
        if not nobody and self._keen <= 0 and self._wait > 0:
            return []
        self._keen -= 1
        self._wait = self._every
        parts = parts_of(width, height)
        part = parts[self._turn % len(parts)]
        self._turn += 1
        return [parts[0], part] if nobody and part != parts[0] else [part]
