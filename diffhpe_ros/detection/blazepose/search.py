"""Where and when BlazePose searches for new people."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

_MAX_PARTS = 8
_LARGE_BEFORE_SMALL = 2
"""Large parts searched for each small one: near people are found soon, far ones eventually."""
_LEAST_SIDE = 112
"""In pixels: in a smaller part people would have too few pixels for the network."""
_AROUND = 2.0
"""Side of the square searched around a lost person, in sizes of their region."""
_IMAGES_AFTER_LOSS = 30
"""Number of images in which a lost person is looked for in every image."""


class Part(NamedTuple):
    """A rectangle of the image, in pixels."""

    x: int
    y: int
    width: int
    height: int


def parts_of(width: int, height: int) -> list[Part]:
    """The whole image, then squares of its shorter side that overlap by at least half.

    The network sees every part scaled to 224 pixels, and misses people who fill less than about
    30 % of it. In a square of a 16:9 image people are 1.8 times as large as in the whole image.
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
    """A square of the image in which to look for a lost person.

    Args:
        centre: (2,) centre of the person's last region, pixels.
        size: size of that region.
        width: pixels of the image.
        height: pixels of the image.

    Returns:
        None for a person so large that the large parts work as well: those also find the person
        after moving on.
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

    In them the network finds people who fill about 15 % of the shorter side, but searching them
    all takes long. In a very long image they overlap less and leave some of it out.
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
    """Decides which parts of each image to search, if any, to bound the time.

    - While nobody is followed: every whole image and one other part of it.
    - For a while after a person was lost: one part of every image, alternating with the place
      where they were lost.
    - Otherwise: one part of every n-th image.

    After the first round of large parts every third part is small, except while searching for a
    lost person.
    """

    def __init__(self, every: int) -> None:
        self._every = every
        self.restart()

    def restart(self) -> None:
        """Start over with the whole next image."""
        self._turn = self._small_turn = self._large_since = 0
        self._images_left = 0
        self._until_next = 0
        self._lost_place: Part | None = None

    def state(self) -> list[int]:
        """The state as whole numbers, for `restore`."""
        turns = self._turn, self._small_turn, self._large_since
        return [*turns, self._images_left, self._until_next, *(self._lost_place or ())]

    def restore(self, state: Sequence[int]) -> None:
        """Continue from a `state` of another search."""
        self._turn, self._small_turn, self._large_since, *rest = state
        self._images_left, self._until_next, *place = rest
        self._lost_place = Part(*place) if place else None

    def search_every_image(self, place: Part | None = None) -> None:
        """Search every image for a while after a person was lost, perhaps at a known place."""
        self._lost_place = place
        if self._images_left <= 0:  # people who come and go must not keep it from the squares
            self._turn = 0
        self._images_left = _IMAGES_AFTER_LOSS

    def next_parts(self, width: int, height: int, none_followed: bool) -> list[Part]:
        """The parts of this image to search, in order, until a person is found.

        Args:
            width: pixels of the image.
            height: pixels of the image.
            none_followed: whether no person is followed.
        """
        self._until_next -= 1
        if not none_followed and self._images_left <= 0 and self._until_next > 0:
            return []
        self._images_left -= 1
        self._until_next = self._every
        lost_place = None if none_followed or self._images_left < 0 else self._lost_place
        if lost_place is not None and self._images_left % 2:
            return [lost_place]
        large, small = parts_of(width, height), small_parts_of(width, height)
        first_round = self._turn < len(large)
        turn_of_small = self._large_since >= _LARGE_BEFORE_SMALL and not first_round
        if turn_of_small and small and (none_followed or self._images_left < 0):
            part = small[self._small_turn % len(small)]
            self._small_turn, self._large_since = self._small_turn + 1, 0
        else:
            part = large[self._turn % len(large)]
            self._turn, self._large_since = self._turn + 1, self._large_since + 1
        return [large[0], part] if none_followed and part != large[0] else [part]
