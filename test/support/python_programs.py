"""Runs Python programs with extra code at their start, and stops some with a signal."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

PATIENCE_S = 150.0

# A signal, and a second one, as launch sends them.
_SIGNALS = """
import os, sys, threading

def on_event(event, arguments):
    if event == {event!r} and str(arguments[0]).endswith({what!r}) and not sent:
        sent.append(True)
        threading.Timer(0.05, os.kill, (os.getpid(), {how:d})).start()
        os.kill(os.getpid(), {how:d})

sent = []
sys.addaudithook(on_event)
"""


def run_with(
    code: str, arguments: list[str], environment: dict[str, str] | None = None
) -> tuple[int, str]:
    """Run Python to its end, with some code executed first.

    Args:
        code: executed before the program.
        arguments: Python's.
        environment: the program's; None for the tests'.

    Returns:
        Exit status, and all that was printed.
    """
    whole = dict(os.environ if environment is None else environment)
    with TemporaryDirectory() as folder:
        Path(folder, "sitecustomize.py").write_text(code)
        whole["PYTHONPATH"] = os.pathsep.join([folder, whole.get("PYTHONPATH", "")])
        done = subprocess.run(
            [sys.executable, *arguments],
            env=whole,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
    return done.returncode, done.stdout


def interrupted_at(
    event: str, what: str, arguments: list[str], how: signal.Signals = signal.SIGINT
) -> tuple[int, str]:
    """Run Python and send it a signal at an event, independent of the machine's speed.

    Args:
        event: Python's audit event: import, or open.
        what: suffix of the module's or file's name.
        arguments: Python's.
        how: the signal.

    Returns:
        Exit status, and all that was printed.
    """
    return run_with(_SIGNALS.format(event=event, what=what, how=how), arguments)
