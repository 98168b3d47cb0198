"""Subscribes to the graph and keeps every message with its time of arrival."""

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.qos import DurabilityPolicy, QoSProfile, qos_profile_sensor_data
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CameraInfo, Image, PointCloud2
from visualization_msgs.msg import MarkerArray

from diffhpe_ros.demo.images import encode_jpeg
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.nodes.messages.header import stamp_to_ns
from diffhpe_ros.nodes.messages.images import image_to_bgr

DIAGNOSTICS = "/diagnostics"
TOPICS: dict[str, type[Any]] = {
    "camera_info": CameraInfo,
    "windows": PointCloud2,
    "joints": PointCloud2,
    "skeletons": MarkerArray,
    "coherence": DiagnosticArray,
    DIAGNOSTICS: DiagnosticArray,
}
_POLL_S = 0.1
_DISCOVERY_S = 10.0
_MATCH_S = 1.0  # for publisher and subscriber to match once they know of each other


@dataclass(frozen=True)
class Record:
    """One received message."""

    topic: str
    received_ns: int
    data: bytes

    def message(self) -> Any:
        """The deserialized message."""
        return deserialize_message(self.data, TOPICS[self.topic])


class Recorder:
    """A node that subscribes to the topics of the graph in one namespace.

    Use it as a context manager; `records` grows while it is open.

    Args:
        namespace: namespace of the graph.
        keep_images: whether to keep the images, too, as JPEG by stamp: a webcam cannot be replayed.
    """

    def __init__(self, namespace: str, keep_images: bool = False) -> None:
        self.namespace = namespace
        self.records: list[Record] = []
        self.images: dict[int, bytes] = {}
        self._context = rclpy.Context()
        self._context.init()
        self._node = rclpy.create_node("recorder", namespace=namespace, context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        for topic, kind in TOPICS.items():
            quality = QoSProfile(depth=1000)
            if topic == "camera_info":
                quality.durability = DurabilityPolicy.TRANSIENT_LOCAL
            self._node.create_subscription(kind, topic, self._keep(topic), quality, raw=True)
        if keep_images:
            self._node.create_subscription(
                Image, "image", self._keep_image, qos_profile_sensor_data
            )
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._spin)
        self._thread.start()

    def __enter__(self) -> "Recorder":
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._thread.join()  # before anything that it uses is destroyed
        self._executor.shutdown()
        self._node.destroy_node()
        self._context.try_shutdown()

    def count(self, topic: str) -> int:
        """Number of messages received on a topic."""
        return sum(record.topic == topic for record in self.records.copy())

    def wait_until_active(self, node: str, check: Callable[[], None], timeout_s: float) -> None:
        """Wait for a lifecycle node to be active.

        Args:
            node: name of the node.
            check: called while waiting; raises if waiting is useless.
            timeout_s: how long to wait.

        Raises:
            DiffhpeError: it was not active in time.
        """
        client: Any = self._node.create_client(GetState, f"{node}/get_state")
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            check()
            answer = self._call(client, GetState.Request(), timeout_s=1.0)
            if answer is not None and answer.current_state.id == State.PRIMARY_STATE_ACTIVE:
                return
            time.sleep(_POLL_S)
        raise DiffhpeError(f"the {node} node was not active after {timeout_s:.0f} s")

    def start_source(
        self,
        node: str,
        check: Callable[[], None],
        last_log_line: Callable[[], str],
        timeout_s: float,
    ) -> None:
        """Configure a lifecycle node, and activate it once its publishers are discovered.

        Otherwise its first messages would be lost: discovery takes some time.

        Args:
            node: name of the node.
            check: called while waiting; raises if waiting is useless.
            last_log_line: returns the last line of its log, which says why it refuses.
            timeout_s: how long to wait for the node to answer.

        Raises:
            DiffhpeError: it does not answer, or it refuses.
        """
        client: Any = self._node.create_client(ChangeState, f"{node}/change_state")
        for transition in (Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE):
            request = ChangeState.Request(transition=Transition(id=transition))
            answer = self._call(client, request, timeout_s)
            check()
            if answer is None or not answer.success:
                raise DiffhpeError(f"the {node} node could not be started: {last_log_line()}")
            if transition == Transition.TRANSITION_CONFIGURE:
                self._await_publisher("camera_info")

    def _await_publisher(self, topic: str) -> None:
        deadline = time.monotonic() + _DISCOVERY_S
        while not self._node.count_publishers(topic) and time.monotonic() < deadline:
            time.sleep(_POLL_S)
        time.sleep(_MATCH_S)

    def _call(self, client: Any, request: Any, timeout_s: float) -> Any | None:
        """The response of a service; None if there is none in time."""
        deadline = time.monotonic() + timeout_s
        if not client.wait_for_service(timeout_sec=timeout_s):
            return None
        answer = client.call_async(request)
        while not answer.done() and time.monotonic() < deadline:
            time.sleep(_POLL_S / 10)
        return answer.result() if answer.done() else None

    def _keep(self, topic: str) -> Callable[[bytes], None]:
        return lambda data: self.records.append(Record(topic, time.time_ns(), data))

    def _keep_image(self, message: Image) -> None:
        jpeg = encode_jpeg(image_to_bgr(message))
        self.images[stamp_to_ns(message.header.stamp)] = jpeg

    def _spin(self) -> None:
        with contextlib.suppress(ExternalShutdownException):
            while not self._closing.is_set():
                self._executor.spin_once(timeout_sec=_POLL_S)
