"""The one exception that users of the package are meant to see."""


class DiffhpeError(Exception):
    """A failure whose message tells the user all: what was found and what is expected.

    The command line prints it as one line; the nodes put it into their diagnostics.
    """
