"""The number of CPU threads that lifting uses in this process."""

import os
import sys

_ASKED_FOR: list[int] = []
"""The last requested number; empty before any request."""


def use_threads(count: int) -> None:
    """Set the CPU threads of the native library, and of torch where that is used."""
    _ASKED_FOR[:] = [count]
    if sys.modules.get("torch") is not None:
        apply_to_torch()


def thread_count() -> int:
    """Threads of the native library: the requested number, else OMP_NUM_THREADS or all cores."""
    if _ASKED_FOR:
        return _ASKED_FOR[0]
    given = os.environ.get("OMP_NUM_THREADS", "")
    return int(given) if given.isdigit() and int(given) else len(os.sched_getaffinity(0))


def apply_to_torch() -> None:
    """Apply the number, if any, that was requested before torch was imported."""
    import torch

    if _ASKED_FOR:
        torch.set_num_threads(_ASKED_FOR[0])
