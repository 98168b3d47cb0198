"""Real lifters in namespaces, cameras in their own processes, and their messages."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.serialization import serialize_message
from scale_people import RATE_HZ, windows_of
from sensor_msgs.msg import PointCloud2

from diffhpe_ros.demo.graph import NodeProcess
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.nodes.messages.windows import pack_windows
from diffhpe_ros.rendering.clip import walking_clip
from diffhpe_ros.video import VideoReader

CAMERA = Path(__file__).with_name("scale_camera.py").resolve()
SETTLE_S, GRAPH_S = 2.0, 8.0
START_S = 120.0


def rates_mb_s() -> dict[str, float]:
    """Megabytes per second for one 640x480 camera with one person at 30 images per second."""
    with VideoReader(walking_clip().video_path) as video:
        image = next(iter(video))[2]
    jpeg = cv2.imencode(".jpg", image)[1]
    windows = serialize_message(pack_windows(windows_of(1)))
    sizes = {"image, raw": image.nbytes, "image, JPEG": len(jpeg), "windows": len(windows)}
    return {name: size * RATE_HZ / 1e6 for name, size in sizes.items()}


@dataclass(frozen=True)
class GraphRun:
    """The lifters' diagnostics on the last seconds of a run."""

    cameras: int
    lifters: int
    lifted_per_s: float
    latency_ms: float
    """Median time from the windows' stamp to the joints, for the slowest lifter."""

    @property
    def share(self) -> float:
        """Share of the cameras' windows that were lifted."""
        return self.lifted_per_s / (self.cameras * RATE_HZ)


def write_windows(name: str, file: Path) -> None:
    """Write a windows message with one person, for `scale_camera.py`."""
    file.write_bytes(serialize_message(pack_windows(windows_of(1, name))))


class Listener:
    """Subscribes to the joints of all namespaces, and stores the lifters' diagnostics."""

    def __init__(self, namespaces: Sequence[str]) -> None:
        self.values: dict[str, dict[str, str]] = {}
        self._context = Context()
        rclpy.init(args=[], context=self._context)
        self._node = Node("listener", context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._node.create_subscription(DiagnosticArray, "/diagnostics", self._hear, 20)
        for namespace in namespaces:
            topic = f"/{namespace}/joints"
            self._node.create_subscription(PointCloud2, topic, lambda _: None, 10, raw=True)

    def cameras(self, namespaces: Sequence[str]) -> int:
        """The number of cameras that publish windows."""
        return sum(self._node.count_publishers(f"/{each}/windows") for each in namespaces)

    def spin_until(self, condition: Callable[[], bool], what: str) -> None:
        """Listen until the condition holds.

        Raises:
            DiffhpeError: it does not hold in time.
        """
        give_up = time.monotonic() + START_S
        while not condition():
            if time.monotonic() > give_up:
                raise DiffhpeError(f"{what}: not within {START_S:g} s")
            self.spin(0.2)

    def spin(self, seconds: float) -> None:
        """Listen for this long."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._executor.spin_once(timeout_sec=min(0.05, left))

    def close(self) -> None:
        """Destroy the node."""
        self._executor.shutdown()
        self._node.destroy_node()
        self._context.try_shutdown()

    def _hear(self, message: DiagnosticArray) -> None:
        for status in message.status:
            self.values[status.name] = {pair.key: pair.value for pair in status.values}


def run_graph(cameras: int, lifters: int, model: str) -> GraphRun:
    """Run lifters, each in a namespace, and cameras that are distributed among them.

    Raises:
        DiffhpeError: a lifter does not start.
    """
    namespaces = [f"site{number}" for number in range(lifters)]
    names = [f"{namespace}/lifter" for namespace in namespaces]
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        listener = Listener(namespaces)
        stack.callback(listener.close)
        for namespace in namespaces:
            place = Path(folder) / namespace
            place.mkdir()
            parameters = {"autostart": True, "model": model, "threads": 1}
            stack.enter_context(NodeProcess("lifter", place, parameters, namespace=namespace))
        active = partial(_all_active, listener, names)
        listener.spin_until(active, "the lifters are active")
        for number in range(cameras):
            site = namespaces[number % lifters]
            file = Path(folder) / f"camera{number}.cdr"
            write_windows(file.stem, file)
            process = subprocess.Popen(
                [sys.executable, str(CAMERA), f"/{site}", str(file), str(RATE_HZ)]
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
        listener.spin_until(lambda: listener.cameras(namespaces) == cameras, "the cameras send")
        listener.spin(SETTLE_S)
        before, begin = _lifted(listener, names), time.monotonic()
        listener.spin(GRAPH_S)
        after, lasted = _lifted(listener, names), time.monotonic() - begin
        lifted = after - before
        latency = max(float(listener.values[name].get("latency_ms_p50", "nan")) for name in names)
    return GraphRun(cameras, lifters, lifted / lasted, latency)


def _all_active(listener: Listener, names: Sequence[str]) -> bool:
    return all(listener.values.get(name, {}).get("state") == "active" for name in names)


def _lifted(listener: Listener, names: Sequence[str]) -> int:
    listener.spin(1.2)  # diagnostics come once a second
    return sum(int(listener.values[name].get("lifted", 0)) for name in names)
