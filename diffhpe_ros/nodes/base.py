"""What the three nodes share: life cycle, parameters, errors and diagnostics."""

import threading
import time
from typing import Any, Generic, TypeVar

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.publisher import Publisher

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.nodes.declare import declare_parameters, read_parameters
from diffhpe_ros.nodes.health import Health
from diffhpe_ros.nodes.inbox import EveryInbox, Inbox, NewestInbox, Worker
from diffhpe_ros.nodes.messages.cdr import serialize
from diffhpe_ros.nodes.messages.status import ERROR, OK, WARN, make_status
from diffhpe_ros.nodes.parameters import CommonParameters

_SILENCE_S = 3.0
_LOG_EVERY_S = 5.0
_REPLAY_WAIT_S = 30.0
_SETTLE_S = 1.0

P = TypeVar("P", bound=CommonParameters)


class StageNode(LifecycleNode, Generic[P]):
    """A lifecycle node around one stage of the pipeline.

    A subclass says in `setup` and `start` what it needs, in `process` what it does with messages,
    and in `input_topic` what it waits for. A failure in `setup` leaves the node unconfigured, to
    be configured again; one in `process` costs that message only.
    """

    input_topic = ""

    def __init__(self, name: str, kind: type[P], **options: Any) -> None:
        """Declare the parameters.

        Args:
            name: of the node.
            kind: its parameters.
            options: of `rclpy.node.Node`.
        """
        super().__init__(name, **options)
        declare_parameters(self, kind)
        self._kind = kind
        self.parameters: P = kind()
        self.health = Health()
        self.stopping = threading.Event()
        self._owned: list[Any] = []
        self._worker: Worker | None = None
        self._inbox: Inbox | None = None
        self._state = "unconfigured"
        self._failure = ""
        self._heard_at = 0.0
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self.create_timer(1.0, self._report, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def setup(self) -> None:
        """Load what is needed and make publishers with `advertise`."""

    def start(self) -> None:
        """Subscribe with `listen`; the worker runs already."""

    def process(self, messages: list[Any]) -> None:
        """Work on what came in, in the worker's thread."""

    def stop(self) -> None:
        """Undo `start`; called before the worker ends, and perhaps twice."""

    def teardown(self) -> None:
        """Undo `setup`; perhaps of what is not set up. Publishers need nothing."""

    def farewell(self) -> None:
        """Say what is left to be said, after the worker has ended."""

    def advertise(self, message_type: type, topic: str, qos: Any) -> Publisher[Any]:
        """A publisher that exists until the node is cleaned up and is silent while inactive."""
        publisher: Publisher[Any] = self.create_lifecycle_publisher(message_type, topic, qos)
        self._owned.append(publisher)
        return publisher

    def send(self, publisher: Publisher[Any], message: Any) -> None:
        """Publish; in replay with the same bytes every time."""
        publisher.publish(serialize(message) if self.parameters.replay else message)

    def heard(self, message: Any, key: Any = None) -> None:
        """Pass a message to the worker: what subscriptions of the input call."""
        self._heard_at = time.monotonic()
        self.health.count("received")
        if self._inbox is not None:
            self._inbox.put(message, key)

    def problem(self, error: Exception) -> None:
        """Tell of an error, after which the node goes on."""
        text = str(error) if isinstance(error, DiffhpeError) else f"{type(error).__name__}: {error}"
        self.health.count("failed")
        self.health.error(text)
        self.get_logger().error(text, throttle_duration_sec=_LOG_EVERY_S)

    def wait_for_listener(self, publisher: Publisher[Any], seconds: float) -> None:
        """Wait until somebody subscribes, or for so long; in replay, for all who are there."""
        replay = self.parameters.replay
        patience = max(seconds, _REPLAY_WAIT_S) if replay else seconds
        give_up = time.monotonic() + patience
        while publisher.get_subscription_count() == 0 and time.monotonic() < give_up:
            if self.stopping.wait(0.02):
                return
        if publisher.get_subscription_count() == 0 and patience > 0:
            self.get_logger().warning(f"nobody subscribes to {publisher.topic_name}")
        elif replay:  # a recorder may be known at once, and the next node a little later
            self.stopping.wait(_SETTLE_S)

    def age_s(self, stamp_ns: int) -> float:
        """Seconds from a stamp to now."""
        return (self.get_clock().now().nanoseconds - stamp_ns) / 1e9

    def close(self) -> None:
        """End all threads, in whatever state the node is."""
        self._stop()
        self.teardown()

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Take the parameters and set up; on failure say why and stay unconfigured."""
        self.health = Health()
        try:
            self.parameters = read_parameters(self, self._kind)
            self.setup()
        except Exception as error:
            self.problem(error)
            self._failure = f"cannot be configured: {error}"
            self._release()
            return TransitionCallbackReturn.FAILURE
        self._failure, self._state = "", "inactive"
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Begin to listen and to work."""
        done = super().on_activate(state)
        self.stopping.clear()
        self._heard_at = time.monotonic()
        try:
            self._inbox = EveryInbox() if self.parameters.replay else NewestInbox()
            self._worker = Worker(self._inbox, self._process, f"{self.get_name()} worker")
            self.start()
        except Exception as error:
            self.problem(error)
            self._stop()
            super().on_deactivate(state)
            return TransitionCallbackReturn.FAILURE
        self._state = "active"
        return done

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Listen and work no more."""
        self._stop()
        self._state = "inactive"
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Forget everything."""
        done = super().on_cleanup(state)
        self._release()
        self._state = "unconfigured"
        return done

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """End for good."""
        self._stop()
        done = super().on_shutdown(state)
        self._release()
        self._state = "finalized"
        return done

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """After an unexpected error: back to unconfigured."""
        self._stop()
        self._release()
        self._state = "unconfigured"
        return TransitionCallbackReturn.SUCCESS

    def _process(self, messages: list[Any]) -> None:
        try:
            self.process(messages)
        except Exception as error:  # a robot's node goes on whatever one message does to it
            if self.context.ok():
                self.problem(error)

    def _stop(self) -> None:
        self.stopping.set()
        self.stop()
        if self._worker is not None:
            self._worker.stop()
            self._worker = None
            if self.context.ok():
                self.farewell()

    def _release(self) -> None:
        self.teardown()
        for publisher in self._owned:
            self.destroy_lifecycle_publisher(publisher)
        self._owned.clear()

    def _report(self) -> None:
        """Publish how the node is, once a second."""
        report = self.health.report()
        errors = list(report.errors) + [self._failure] * bool(self._failure)
        warnings = list(report.warnings)
        silent_s = time.monotonic() - self._heard_at
        if self._state == "active" and self.input_topic and silent_s > _SILENCE_S:
            topic = self.resolve_topic_name(self.input_topic)
            warnings.append(f"nothing came on {topic} for {silent_s:.0f} s")
        values = {"state": self._state, **report.values}
        if self._inbox is not None:
            values |= {"dropped": self._inbox.dropped, "waiting": self._inbox.waiting}
        for publisher in self._owned:
            topic = publisher.topic_name.rpartition("/")[2]
            values[f"{topic}_listeners"] = publisher.get_subscription_count()
        level = ERROR if errors else WARN if warnings else OK
        text = "; ".join(errors + warnings) or self._state
        name = self.get_fully_qualified_name().removeprefix("/")
        message = DiagnosticArray(status=[make_status(name, "diffhpe_ros", level, text, values)])
        message.header.stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(message)
