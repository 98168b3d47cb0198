"""Something for each person, such as a filter, for as long as the person is there."""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")

MAX_CAMERAS = 64
"""Whoever sends the messages: beyond, the camera silent for longest is forgotten."""
MAX_PEOPLE = 64
"""Of one camera that are remembered; beyond, those absent for longest are forgotten."""


class PerPerson(Generic[T]):
    """Makes one for whoever comes, and drops it when the person has left, by stamps alone.

    Args:
        make: makes a new one.
        forget_s: people absent for longer than this have left.
    """

    def __init__(self, make: Callable[[], T], forget_s: float) -> None:
        self._make = make
        self._forget_ns = round(forget_s * 1e9)
        self._cameras: dict[str, dict[int, tuple[int, T]]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._cameras.values()))

    def update(self, camera: str, persons: Sequence[int], stamp_ns: int) -> list[T]:
        """Hear who is there.

        Args:
            camera: that sees them.
            persons: their numbers; nobody at all means that everybody has left, however short ago.
            stamp_ns: the time; where the clock has jumped back, everybody begins anew.

        Returns:
            What belongs to each of the persons.
        """
        known = self._cameras.pop(camera, {}) if persons else {}
        recent = {
            person: (seen_ns, its)
            for person, (seen_ns, its) in known.items()
            if 0 <= stamp_ns - seen_ns <= self._forget_ns
        }
        given = [recent.pop(person)[1] if person in recent else self._make() for person in persons]
        recent |= {person: (stamp_ns, its) for person, its in zip(persons, given, strict=True)}
        self._cameras[camera] = dict(list(recent.items())[-MAX_PEOPLE:])
        while len(self._cameras) > MAX_CAMERAS:
            del self._cameras[next(iter(self._cameras))]
        return given
