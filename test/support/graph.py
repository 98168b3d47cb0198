"""Runs nodes, in separate processes or in this one, and records their messages."""

import os
import signal
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from domains import own_domain
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import HistoryPolicy, QoSProfile
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import PointCloud2
from visualization_msgs.msg import MarkerArray

from diffhpe_ros.demo.graph import STOP_SECONDS, NodeProcess
from diffhpe_ros.nodes.base import StageNode

ROOT = Path(__file__).resolve().parents[2]
TOPICS = {
    "windows": PointCloud2,
    "joints": PointCloud2,
    "skeletons": MarkerArray,
    "coherence": DiagnosticArray,
}
N = TypeVar("N", bound=StageNode[Any])
EVERYTHING = QoSProfile(history=HistoryPolicy.KEEP_ALL, depth=1)
PERSON_FRAMES, CLIP_FRAMES = 30, 45
"""Numbers of images in the short clip: those that show a person, and all."""
PATIENCE_S = 150.0  # for busy machines


@contextmanager
def own_context() -> Iterator[Context]:
    """A ROS context in a domain that no other test has."""
    own = Context()
    with own_domain() as domain:
        rclpy.init(args=[], context=own, domain_id=domain)
        try:
            yield own
        finally:
            rclpy.try_shutdown(context=own)


def activate(node: StageNode[Any]) -> None:
    """Configure and activate a node of this process."""
    assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS
    assert node.trigger_activate() == TransitionCallbackReturn.SUCCESS


class Graph:
    """Nodes, and a listener in this process; all nodes end with it, even if a test fails."""

    def __init__(self, context: Context, folder: Path) -> None:
        self.raw: dict[str, list[bytes]] = defaultdict(list)
        # A node without a status yet has nothing that a test waits for.
        self.status: dict[str, DiagnosticStatus] = defaultdict(DiagnosticStatus)
        self._folder = folder
        self.domain = context.get_domain_id()
        self._processes: dict[str, NodeProcess] = {}
        self._nodes: list[StageNode[Any]] = []
        self.node = Node("listener", context=context)
        self.executor = SingleThreadedExecutor(context=context)
        self.executor.add_node(self.node)
        for topic, kind in TOPICS.items():
            self.node.create_subscription(
                kind, topic, partial(self._keep, topic), EVERYTHING, raw=True
            )
        self.node.create_subscription(DiagnosticArray, "/diagnostics", self._hear, 10)

    def __enter__(self) -> "Graph":
        return self

    def __exit__(self, *_: object) -> None:
        self._end_processes()
        # As in `nodes.run`: no thread may still use what is destroyed.
        for node in self._nodes:
            node.close()
        self.executor.shutdown()
        for each in (*self._nodes, self.node):
            each.destroy_node()

    def run(
        self, name: str, namespace: str = "", remap: Mapping[str, str] = {}, **parameters: Any
    ) -> None:
        """Start a node, activated; from then on its name is that with the namespace."""
        # heavy takes four times as long, and is not the subject of these tests.
        full = {"blazepose_model": "full"} if name in ("detector", "pose_pipeline") else {}
        node = NodeProcess(
            name,
            self._folder,
            {"autostart": True, **full, **parameters},
            namespace=namespace,
            arguments=[part for old, new in remap.items() for part in ("-r", f"{old}:={new}")],
            name=f"{namespace}/{name}".lstrip("/"),
            environment={"ROS_DOMAIN_ID": str(self.domain), "PYTHONPATH": str(ROOT)},
        )
        self._processes[node.name] = node

    def make(self, kind: Callable[..., N], **parameters: Any) -> N:
        """Create an unconfigured node in this process, which is spun while the listener listens."""
        plain = {key: str(of) if isinstance(of, Path) else of for key, of in parameters.items()}
        overrides = [Parameter(key, value=of) for key, of in plain.items()]
        node = kind(
            context=self.node.context, use_global_arguments=False, parameter_overrides=overrides
        )
        self._nodes.append(node)
        self.executor.add_node(node)
        return node

    def log(self, name: str) -> str:
        """Everything that a node printed."""
        return self._processes[name].printed()

    def stop(self, name: str, how: signal.Signals = signal.SIGINT) -> int | None:
        """Stop a node as a user or a launch file does; its exit status, None if it continues."""
        return self._processes[name].stop(how, PATIENCE_S)

    def runs(self, name: str) -> bool:
        """Whether a node has not ended."""
        return self._processes[name].status is None

    def wait(self, name: str) -> int:
        """Wait for a node to end by itself; its exit status."""
        return self._processes[name].wait(PATIENCE_S)

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Listen until the condition holds."""
        give_up = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > give_up:
                logs = "\n".join(f"--- {name}\n{self.log(name)}" for name in self._processes)
                raise AssertionError(f"no {what} within {PATIENCE_S:g} s\n{logs}")
            self.executor.spin_once(timeout_sec=0.05)

    def subscribe(self, seconds: float) -> None:
        """Listen for this long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.executor.spin_once(timeout_sec=0.05)

    def forget(self) -> None:
        """Forget all received messages."""
        self.subscribe(0.2)
        self.raw.clear()
        self.status.clear()

    def messages(self, topic: str) -> list[Any]:
        """The messages on a topic."""
        return [deserialize_message(raw, TOPICS[topic]) for raw in self.raw[topic]]

    def value(self, node: str, key: str) -> str | None:
        """A value of the latest diagnostics of a node."""
        status = self.status.get(node)
        found = [pair.value for pair in status.values if pair.key == key] if status else []
        return found[0] if found else None

    def _end_processes(self) -> None:
        """End them together; Fast DDS leaves 35 MB of shared memory of each that is killed."""
        running = [each for each in self._processes.values() if each.status is None]
        for process in running:
            os.kill(process.pid, signal.SIGINT)
        for process in running:
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.stop(signal.SIGKILL)

    def _keep(self, topic: str, raw: bytes) -> None:
        self.raw[topic].append(raw)

    def _hear(self, message: DiagnosticArray) -> None:
        for status in message.status:
            self.status[status.name] = status
