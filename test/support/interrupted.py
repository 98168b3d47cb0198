"""Programs that are stopped by a signal while they import."""

import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

PATIENCE_S = 60.0


def interrupted_while_loading(
    arguments: list[str], library: str, times: int = 1, how: signal.Signals = signal.SIGINT
) -> tuple[int, str]:
    """Start Python, and send it a signal as soon as it has loaded a library.

    Args:
        arguments: of Python.
        library: part of the name of a compiled library.
        times: how often the signal is sent.
        how: the signal.

    Returns:
        Exit status, and all that was printed.
    """
    program = subprocess.Popen(
        [sys.executable, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # Where the tests run in the background they ignore it, and so would this.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    maps, give_up = Path(f"/proc/{program.pid}/maps"), time.monotonic() + PATIENCE_S
    while program.poll() is None and library not in maps.read_text():
        assert time.monotonic() < give_up, f"{library} was not loaded"
        time.sleep(0.005)
    assert program.poll() is None, f"it ended before: {program.communicate()[0]}"
    for _ in range(times):
        program.send_signal(how)
        time.sleep(0.02)
    shown, _ = program.communicate(timeout=PATIENCE_S)
    return program.returncode, shown
