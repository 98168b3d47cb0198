"""The nodes of the graph as processes of their own."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import yaml

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.nodes.fast_dds import use_fastdds_profile

STOP_SECONDS = 10.0


class NodeProcess:
    """One node, run as `python -m diffhpe_ros.nodes.<name>`; stopped by SIGINT.

    Args:
        name: detector, lifter, pose_pipeline (which is both) or video_source.
        namespace: of the node and its topics.
        parameters: of the node.
        folder: for its parameter file and its log.
    """

    def __init__(
        self, name: str, namespace: str, parameters: Mapping[str, Any], folder: Path
    ) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        settings = folder / f"{name}.yaml"
        settings.write_text(yaml.safe_dump({"/**": {"ros__parameters": dict(parameters)}}))
        command = [
            *(sys.executable, "-m", f"diffhpe_ros.nodes.{name}", "--ros-args"),
            *("-r", f"__ns:=/{namespace}", "--params-file", str(settings)),
        ]
        environment = dict(os.environ)
        use_fastdds_profile(environment)
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                command, env=environment, stdout=log, stderr=subprocess.STDOUT
            )

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def check(self) -> None:
        """See that it runs.

        Raises:
            DiffhpeError: it has ended; names the last line of its log.
        """
        if not self.running:
            raise DiffhpeError(f"the {self.name} node ended: {self.last_words()}")

    def last_words(self) -> str:
        """The last line of its log that says something."""
        lines = self.log.read_text(errors="replace").splitlines()
        return next((line for line in reversed(lines) if line.strip()), "its log is empty")

    def stop(self) -> None:
        """Ask it to end; kill it if it does not."""
        self._process.send_signal(signal.SIGINT)  # of no effect on one that has ended
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> "NodeProcess":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
