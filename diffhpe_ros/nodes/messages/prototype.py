"""Messages that are made many times a second and have most fields in common."""

from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Prototype(Generic[T]):
    """Makes copies of a message, which share its parts.

    A message's constructor makes every part anew, even those that it is given: a copy of a Marker
    takes a tenth of its time, and a third of that of `copy.copy`.

    Args:
        message: what the copies look like; not to be changed afterwards.
    """

    def __init__(self, message: T) -> None:
        self._type = type(message)
        slots: tuple[str, ...] = message.__slots__  # type: ignore[attr-defined]
        self._fields: list[tuple[str, Any]] = [(slot, getattr(message, slot)) for slot in slots]

    def __call__(self) -> T:
        """A copy, of which every field can be set."""
        made = object.__new__(self._type)
        for slot, value in self._fields:
            setattr(made, slot, value)
        return made
