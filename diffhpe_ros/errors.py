"""The one exception that users of the package are meant to see."""

from collections.abc import Iterable


class DiffhpeError(Exception):
    """A failure whose message tells the user all: what was found and what is expected.

    The command line prints it as one line; the nodes put it into their diagnostics.
    """


def unknown(what: str, name: object, known: Iterable[str]) -> DiffhpeError:
    """The error of a name that is none of those known."""
    return DiffhpeError(f"unknown {what} {name!r}; expected one of {', '.join(known)}")
