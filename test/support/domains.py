"""ROS domains that no two tests use at the same time, even in different processes."""

import itertools
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

# Up to 101, their ports are below Linux's range of ephemeral ports.
DOMAINS = itertools.cycle(range(1, 102))
for _ in range(os.getpid() % 101):
    next(DOMAINS)


@contextmanager
def own_domain() -> Iterator[int]:
    """The number of a domain that is reserved for this test until the end of the context.

    A named socket, which disappears with its process, reserves it.
    """
    for number in DOMAINS:
        with socket.socket(socket.AF_UNIX) as keeper:
            try:
                keeper.bind(f"\0diffhpe_ros test domain {number}")
            except OSError:
                continue
            yield number
            return
