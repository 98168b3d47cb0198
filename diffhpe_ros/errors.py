"""The one exception that users of the package are meant to see."""

from collections.abc import Collection, Iterable
from difflib import get_close_matches


class DiffhpeError(Exception):
    """A failure whose message tells the user everything: what was found and what is expected.

    The command line prints it as one line; the nodes put it into their diagnostics.
    """


def unknown(what: str, name: object, known: Iterable[str]) -> DiffhpeError:
    """The error for an unknown name."""
    return DiffhpeError(f"unknown {what} {name!r}; expected one of {', '.join(known)}")


def like(name: str, known: Collection[str]) -> str:
    """A text to append that suggests the known name closest to a wrong one; may be empty."""
    found = get_close_matches(name, known, 1)
    return f"; {found[0]} is one" if found else ""
