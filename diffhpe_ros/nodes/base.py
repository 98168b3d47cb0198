"""What the three nodes share: life cycle, errors and diagnostics."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.publisher import Publisher

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.nodes.diagnostics.node_diagnostics import NodeDiagnostics, Report
from diffhpe_ros.nodes.diagnostics.problem_log import ProblemLog
from diffhpe_ros.nodes.diagnostics.publisher import DiagnosticsPublisher
from diffhpe_ros.nodes.messages.cdr import serialize
from diffhpe_ros.nodes.parameters.live_parameters import LiveParameters
from diffhpe_ros.nodes.parameters.tables import PARAMETER_NAMES, CommonParameters
from diffhpe_ros.nodes.topics import Topics, last_part
from diffhpe_ros.nodes.worker import FifoQueue, LatestQueue, Queue, Worker

_REPLAY_WAIT_S = 30.0
_SETTLE_S = 1.0
_FLUSH_S = 0.5
"""Longest wait for subscribers to receive the last messages."""
SUCCESS, FAILURE, ERROR = (
    TransitionCallbackReturn.SUCCESS,
    TransitionCallbackReturn.FAILURE,
    TransitionCallbackReturn.ERROR,
)

P = TypeVar("P", bound=CommonParameters)


class StageNode(LifecycleNode, Generic[P]):
    """A lifecycle node around one stage of the pipeline.

    Subclasses override the hooks from `setup` to `on_stopped`. A failure in `setup` leaves the node
    unconfigured, and it can be configured again. A failure in `process` costs that message only.
    """

    def __init__(self, name: str, kind: type[P], **options: Any) -> None:
        """Declare the parameters.

        Args:
            name: name of the node.
            kind: class of its parameters.
            options: arguments of `rclpy.node.Node`.
        """
        super().__init__(name, **options)
        self.parameters: P = kind()
        self.diagnostics = NodeDiagnostics()
        self.topics = Topics(self)
        self.stopping = threading.Event()
        self._live = LiveParameters(self, kind, self.check, self._change)
        self._worker = Worker(self._process, f"{name} worker")
        self._state = "unconfigured"
        self._failure = ""
        self._problems = ProblemLog(self.get_logger())
        self._diagnostics_publisher = DiagnosticsPublisher(self, self._report, self._problems)

    def setup(self) -> None:
        """Load models and make publishers with `topics.advertise`; called by `configure`."""

    def start(self) -> None:
        """Subscribe with `topics.subscribe`; called by `activate`, after the worker was started."""

    def make_queue(self) -> Queue:
        """The queue of `process`: in replay all messages, live the newest; called by `activate`."""
        return FifoQueue() if self.parameters.replay else LatestQueue()

    def process(self, messages: list[Any]) -> None:
        """Process messages that arrived; called in the worker's thread."""

    def check(self, new: P) -> None:
        """Raise a DiffhpeError if the live parameters cannot be changed to these."""

    def change(self, new: P) -> None:
        """Apply new live parameters, between two messages; `parameters` still has the old ones."""

    def inspect(self) -> None:
        """Update the warnings and errors in `diagnostics`; called once a second."""

    def stop(self) -> None:
        """Undo `start`; called before the worker is stopped, and perhaps twice."""

    def teardown(self) -> None:
        """Undo `setup`, even a partial one. Publishers are destroyed by the base class."""

    def on_stopped(self) -> None:
        """Publish the last messages, after the worker was stopped."""

    def send(self, publisher: Publisher[Any], message: Any) -> None:
        """Publish a message and count it; in replay equal messages have equal bytes."""
        publisher.publish(serialize(message) if self.parameters.replay else message)
        self.diagnostics.count(f"{last_part(publisher.topic_name)}_sent")

    def wanted(self, publisher: Publisher[Any]) -> bool:
        """Whether to make a message: the topic has subscribers, or this is a replay."""
        return self.parameters.replay or publisher.get_subscription_count() > 0

    def enqueue(self, message: Any, stream: Any = None) -> None:
        """Pass a message of a stream to the worker; the callback of input subscriptions."""
        self.diagnostics.count("received")
        self._worker.put(message, stream)

    def call_between_messages(self, action: Callable[[], None]) -> None:
        """Run an action in the worker's thread between messages; its errors are reported."""
        self._worker.call_between_messages(lambda: self._try(action))

    def report_error(self, error: Exception) -> None:
        """Log an error and show it in the diagnostics; the node keeps running."""
        text = describe(error)
        self.diagnostics.count("failed")
        self.diagnostics.error(text)
        self._problems.error(text)

    def wait_for_subscriber(self, publisher: Publisher[Any], seconds: float) -> None:
        """Wait for a subscriber, up to a time limit; in replay longer, for slow subscribers."""
        replay = self.parameters.replay
        timeout_s = max(seconds, _REPLAY_WAIT_S) if replay else seconds
        give_up = time.monotonic() + timeout_s
        while publisher.get_subscription_count() == 0 and time.monotonic() < give_up:
            if self.stopping.wait(0.02):
                return
        if publisher.get_subscription_count() == 0 and timeout_s > 0:
            self.get_logger().warning(f"{publisher.topic_name} has no subscriber")
        elif replay:  # a recorder may be discovered at once, the next node a little later
            self.stopping.wait(_SETTLE_S)

    def age_s(self, stamp_ns: int) -> float:
        """Seconds from a stamp to now."""
        return (self.get_clock().now().nanoseconds - stamp_ns) / 1e9

    def close(self) -> None:
        """Stop all threads, in any state of the node, and wait until the last messages are sent."""
        self._stop()
        self.teardown()
        if self.context.ok():
            self.topics.flush(_FLUSH_S)

    def destroy_node(self) -> None:
        """Destroy the node, and its state machine: that holds what DDS has of the node.

        A program that ended would leave its shared memory behind, 35 MB with our profile.
        """
        super().destroy_node()
        self._state_machine.destroy_when_not_in_use()

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Read the parameters and call `setup`; on failure report why and stay unconfigured."""
        self.diagnostics, self._failure = NodeDiagnostics(), ""
        try:
            self.parameters = self._live.take()
            if unknown := self._live.unknown(PARAMETER_NAMES):
                self.diagnostics.warn("parameters", "; ".join(unknown))
            self.setup()
        except Exception as error:
            return self._fail("cannot be configured", error)
        self._state = "inactive"
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Start the worker and subscribe; on failure report why and stay inactive."""
        done = super().on_activate(state)
        self.stopping.clear()
        self._failure = ""
        try:
            self._worker.start(self.make_queue())
            self.start()
        except Exception as error:
            super().on_deactivate(state)
            return self._fail("cannot be activated", error)
        self._state = "active"
        return done

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Unsubscribe and stop the worker."""
        self._stop()
        self._state = "inactive"
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Release models and publishers."""
        done = super().on_cleanup(state)
        self._release()
        return done

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop and release everything."""
        self._stop()
        done = super().on_shutdown(state)
        self._release()
        self._state = "finalized"
        return done

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """After an unexpected error: release everything, so that `configure` can be tried again."""
        for undo in (self._stop, self._release):
            try:
                undo()
            except Exception as error:  # a partial setup may fail to be undone
                self.report_error(error)
        self._state = "unconfigured"
        return SUCCESS

    def _fail(self, what: str, error: Exception) -> TransitionCallbackReturn:
        """Report a failed transition: FAILURE if a user can fix it, else ERROR (`on_error`)."""
        self._failure = f"{what}: {describe(error)}"
        self.diagnostics.count("failed")
        if self.context.ok():  # else the program is ending
            self._problems.error(self._failure)
        if not isinstance(error, DiffhpeError):
            return ERROR
        self._stop()
        if self._state == "unconfigured":
            self._release()
        return FAILURE

    def _process(self, messages: list[Any]) -> None:
        self._try(lambda: self.process(messages))
        self.diagnostics.count("finished", len(messages))

    def _change(self, new: P) -> None:
        """Apply new live parameters between two messages."""

        def change() -> None:
            self.change(new)
            self.parameters = new

        self.call_between_messages(change)

    def _try(self, act: Callable[[], None]) -> None:
        """Call a function and report its error: one bad message must not stop a robot's node."""
        try:
            act()
        except Exception as error:
            if self.context.ok():
                self.report_error(error)

    def _stop(self) -> None:
        self.stopping.set()
        self.topics.close_inputs()
        self.stop()
        if self._worker.is_running:
            self._worker.stop()
            if self.context.ok():
                self.on_stopped()

    def _release(self) -> None:
        self.teardown()
        self.topics.close_outputs()
        self._live.release()
        self._state = "unconfigured"

    def _check_clock(self) -> None:
        """Warn of a simulated clock that does not run."""
        if self.get_parameter("use_sim_time").value and not self.get_clock().now().nanoseconds:
            publishers = self.count_publishers("/clock")
            why = "sends nothing" if publishers else "has no publisher"
            self.diagnostics.warn("clock", f"use_sim_time is set, but /clock {why}")
        else:
            self.diagnostics.clear("clock")

    def _report(self) -> Report:
        """The status for `/diagnostics`."""
        self.diagnostics.set_value("dropped", self._worker.dropped)
        self.diagnostics.set_value("waiting", self._worker.waiting)
        if self._state == "active":
            self._check_clock()
            self.inspect()
        state = Report((self._failure,) * bool(self._failure), (), {"state": self._state})
        return state + self.diagnostics.report() + self.topics.report()


def describe(error: Exception) -> str:
    """An error in one line."""
    text = " ".join(str(error).split())
    return text if isinstance(error, DiffhpeError) else f"{type(error).__name__}: {text}"
