"""Python programs that run other code when they start, and some that are stopped by a signal."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

PATIENCE_S = 150.0

_SIGNAL = """
import os, sys

def on_event(event, arguments):
    if event == "import" and arguments[0].rpartition(".")[2] == {module!r}:
        os.kill(os.getpid(), {how:d})

sys.addaudithook(on_event)
"""


def run_with(
    code: str, arguments: list[str], environment: dict[str, str] | None = None
) -> tuple[int, str]:
    """Run Python, in which some code comes first, to its end.

    Args:
        code: is run before the program.
        arguments: of Python.
        environment: of the program; None for that of the tests.

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


def interrupted_while_loading(
    arguments: list[str], module: str, how: signal.Signals = signal.SIGINT
) -> tuple[int, str]:
    """Run Python, and send it a signal when it imports a module, however fast the machine is.

    Args:
        arguments: of Python.
        module: its name, without those of its packages.
        how: the signal.

    Returns:
        Exit status, and all that was printed.
    """
    return run_with(_SIGNAL.format(module=module, how=how), arguments)
