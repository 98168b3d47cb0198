"""ROS domains that no two tests have at the same time, in whatever processes they run."""

import itertools
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

# Up to 101 their ports are below those that Linux gives to programs which ask for any.
DOMAINS = itertools.cycle(range(1, 102))
for _ in range(os.getpid() % 101):
    next(DOMAINS)


@contextmanager
def own_domain() -> Iterator[int]:
    """Number of a domain that is this test's until the end of the context.

    A socket's name, which ends with its process, keeps it for the test.
    """
    for number in DOMAINS:
        with socket.socket(socket.AF_UNIX) as keeper:
            try:
                keeper.bind(f"\0diffhpe_ros test domain {number}")
            except OSError:
                continue
            yield number
            return
