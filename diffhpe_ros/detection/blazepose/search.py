"""Where BlazePose looks for people whom it does not know yet, and when."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

_MAX_PARTS = 8
_LARGE_BEFORE_SMALL = 2
"""Large parts from one small part to the next: the near are found soon, and the far in the end."""
_LEAST_SIDE = 112
"""Pixels: in a smaller part the network would see people of too few of them."""
_AROUND = 2.0
"""Sizes of the region of somebody who was lost."""
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


def part_around(centre: NDArray[Any], size: float, width: int, height: int) -> Part | None:
    """A square of the image in which to look for somebody who was lost.

    Args:
        centre: (2,) of the region where they were, pixels.
        size: of that region.
        width: pixels of the image.
        height: pixels of the image.

    Returns:
        None where they are so large that the large parts are as good: there they are found, too,
        if they have moved on.
    """
    side = round(_AROUND * size)
    if side >= min(width, height) / 2:
        return None
    x, y = (
        min(max(round(float(middle) - side / 2), 0), length - side)
        for middle, length in zip(centre, (width, height), strict=True)
    )
    return Part(x, y, side, side)


def small_parts_of(width: int, height: int) -> list[Part]:
    """Squares of half the image's shorter side that overlap by half, for people who are far away.

    In them the network finds people who fill some 15 % of the shorter side, and it takes long to
    search them all. In a very long image they overlap less, and leave some of it out.
    """
    side = min(width, height) // 2
    if side < _LEAST_SIDE:
        return []
    columns, rows = (
        np.linspace(0, length - side, min(math.ceil(2 * length / side) - 1, _MAX_PARTS))
        for length in (width, height)
    )
    corners = [(x, y) for y in rows.round().astype(int) for x in columns.round().astype(int)]
    return [Part(int(x), int(y), side, side) for x, y in corners]


class Search:
    """Decides which parts of each image are searched, if any, to bound the time.

    While nobody is followed, that is the whole of every image and one other part; for a while
    after somebody was lost, one part of every image, in turn with the place where that was; else
    of every n-th one. After a round of large ones every third part
    is small, but not for the lost.
    """

    def __init__(self, every: int) -> None:
        self._every = every
        self.restart()

    def restart(self) -> None:
        """Begin with the whole of the next image."""
        self._turn = self._small_turn = self._large_since = 0
        self._keen = 0
        self._wait = 0
        self._place: Part | None = None

    def state(self) -> list[int]:
        """Whole numbers for `restore`."""
        turns = self._turn, self._small_turn, self._large_since
        return [*turns, self._keen, self._wait, *(self._place or ())]

    def restore(self, state: Sequence[int]) -> None:
        """Go on as another search that gave this `state`."""
        self._turn, self._small_turn, self._large_since, *rest = state
        self._keen, self._wait, *place = rest
        self._place = Part(*place) if place else None

    def hurry(self, place: Part | None = None) -> None:
        """Search every image for a while: somebody was lost, perhaps at a place of their own."""
        self._place = place
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
        if self._keen >= 0 and self._place is not None and not nobody and self._keen % 2:
            return [self._place]
        large, small = parts_of(width, height), small_parts_of(width, height)
        first_round = self._turn < len(large)
        turn_of_small = self._large_since >= _LARGE_BEFORE_SMALL and not first_round
        if turn_of_small and small and (nobody or self._keen < 0):
            part = small[self._small_turn % len(small)]
            self._small_turn, self._large_since = self._small_turn + 1, 0
        else:
            part = large[self._turn % len(large)]
            self._turn, self._large_since = self._turn + 1, self._large_since + 1
        return [large[0], part] if nobody and part != large[0] else [part]
