"""The nodes of the graph, each in its own process."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any

import yaml

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.nodes.fast_dds import use_fastdds_profile

STOP_SECONDS = 10.0


class NodeProcess:
    """One node, run as `python -m diffhpe_ros.nodes.<program>`; stopped by SIGINT.

    Args:
        program: detector, lifter, pose_pipeline (which is both) or video_source.
        folder: folder for its parameter file and its log.
        parameters: parameters of the node.
        namespace: namespace of the node and its topics.
        arguments: further arguments after `--ros-args`.
        name: name of its files, also used in messages; None for the name of the program.
        environment: variables added to this process's environment.
        command: command that runs the program, instead of this Python.
    """

    def __init__(
        self,
        program: str,
        folder: Path,
        parameters: Mapping[str, Any] = MappingProxyType({}),
        *,
        namespace: str = "",
        arguments: Sequence[str] = (),
        name: str | None = None,
        environment: Mapping[str, str] = MappingProxyType({}),
        command: Sequence[str] | None = None,
    ) -> None:
        self.name = name or program
        file_name = self.name.replace("/", "_")
        self.log = folder / f"{file_name}.log"
        settings = folder / f"{file_name}.yaml"
        plain = {key: str(of) if isinstance(of, Path) else of for key, of in parameters.items()}
        settings.write_text(yaml.safe_dump({"/**": {"ros__parameters": plain}}))
        given = ["--params-file", str(settings)] if parameters else []
        if namespace:
            given += ["-r", f"__ns:=/{namespace}"]
        run = command or (sys.executable, "-m", f"diffhpe_ros.nodes.{program}")
        whole = {**os.environ, **environment}
        use_fastdds_profile(whole)
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [*run, "--ros-args", *given, *arguments],
                env=whole,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    @property
    def pid(self) -> int:
        """Id of the process."""
        return self._process.pid

    @property
    def status(self) -> int | None:
        """Exit status; None while it runs."""
        return self._process.poll()

    def check(self) -> None:
        """Check that it is running.

        Raises:
            DiffhpeError: it has ended; the message contains the last line of its log.
        """
        if self.status is not None:
            raise DiffhpeError(f"the {self.name} node ended: {self.last_log_line()}")

    def printed(self) -> str:
        """Everything that it has printed."""
        return self.log.read_text(errors="replace")

    def last_log_line(self) -> str:
        """The last line of its log that is not empty."""
        lines = self.printed().splitlines()
        return next((line for line in reversed(lines) if line.strip()), "its log is empty")

    def wait(self, timeout_s: float) -> int:
        """Wait until it ends by itself, and return its status.

        Raises:
            subprocess.TimeoutExpired: it is still running.
        """
        return self._process.wait(timeout_s)

    def stop(
        self, how: signal.Signals = signal.SIGINT, timeout_s: float = STOP_SECONDS
    ) -> int | None:
        """Ask it to end, and return its status. None: it did not end in time, and was killed."""
        self._process.send_signal(how)  # no effect if it has ended
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return None

    def __enter__(self) -> "NodeProcess":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
