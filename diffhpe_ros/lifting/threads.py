"""How many CPU threads lifting takes, in this process."""

import os
import sys

_ASKED_FOR: list[int] = []
"""The last number that was asked for; empty before."""


def use_threads(count: int) -> None:
    """Set the CPU threads of the native library, and of torch where that is used."""
    _ASKED_FOR[:] = [count]
    if sys.modules.get("torch") is not None:
        apply_to_torch()


def thread_count() -> int:
    """Threads of the native library: what was asked for, else OMP_NUM_THREADS or all cores."""
    if _ASKED_FOR:
        return _ASKED_FOR[0]
    given = os.environ.get("OMP_NUM_THREADS", "")
    return int(given) if given.isdigit() and int(given) else len(os.sched_getaffinity(0))


def apply_to_torch() -> None:
    """Give torch the number that was asked for before it was imported, if any."""
    import torch

    if _ASKED_FOR:
        torch.set_num_threads(_ASKED_FOR[0])
