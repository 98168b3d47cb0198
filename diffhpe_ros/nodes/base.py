"""What the three nodes share: life cycle, errors and diagnostics."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.publisher import Publisher

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.nodes.diagnostics.health import NodeDiagnostics, Report
from diffhpe_ros.nodes.diagnostics.problem_log import ProblemLog
from diffhpe_ros.nodes.diagnostics.publisher import DiagnosticsPublisher
from diffhpe_ros.nodes.messages.cdr import serialize
from diffhpe_ros.nodes.parameters.live_parameters import LiveParameters
from diffhpe_ros.nodes.parameters.tables import CommonParameters
from diffhpe_ros.nodes.topics import Topics, last_part
from diffhpe_ros.nodes.work import Worker

_REPLAY_WAIT_S = 30.0
_SETTLE_S = 1.0
SUCCESS, FAILURE, ERROR = (
    TransitionCallbackReturn.SUCCESS,
    TransitionCallbackReturn.FAILURE,
    TransitionCallbackReturn.ERROR,
)

P = TypeVar("P", bound=CommonParameters)


class StageNode(LifecycleNode, Generic[P]):
    """A lifecycle node around one stage of the pipeline.

    A subclass says in `setup` and `start` what it needs, in `process` what it does with messages,
    in `change` what it does when live parameters change, and in `inspect` how it is doing. A
    failure in `setup` leaves the node unconfigured, to be configured again; one in `process`
    costs that message only.
    """

    def __init__(self, name: str, kind: type[P], **options: Any) -> None:
        """Declare the parameters.

        Args:
            name: of the node.
            kind: its parameters.
            options: of `rclpy.node.Node`.
        """
        super().__init__(name, **options)
        self.parameters: P = kind()
        self.health = NodeDiagnostics()
        self.topics = Topics(self)
        self.stopping = threading.Event()
        self._live = LiveParameters(self, kind, self.check, self._change)
        self._work = Worker(self._process, f"{name} worker")
        self._state = "unconfigured"
        self._failure = ""
        self._problems = ProblemLog(self.get_logger())
        self._diagnostics = DiagnosticsPublisher(self, self._report, self._problems)

    def setup(self) -> None:
        """Load what is needed and make publishers with `topics.advertise`."""

    def start(self) -> None:
        """Subscribe with `topics.listen`; the worker runs already."""

    def process(self, messages: list[Any]) -> None:
        """Work on what came in, in the worker's thread."""

    def check(self, new: P) -> None:
        """Raise a DiffhpeError for live parameters that cannot be changed to."""

    def change(self, new: P) -> None:
        """Go over to other live parameters; called between two messages, `parameters` are old."""

    def inspect(self) -> None:
        """Judge how it goes, once a second before the diagnostics are sent."""

    def stop(self) -> None:
        """Undo `start`; called before the worker ends, and perhaps twice."""

    def teardown(self) -> None:
        """Undo `setup`; perhaps of what is not set up. Publishers need nothing."""

    def on_stopped(self) -> None:
        """Say what is left to be said, after the worker has ended."""

    def send(self, publisher: Publisher[Any], message: Any) -> None:
        """Publish, and count it; in replay with the same bytes every time."""
        publisher.publish(serialize(message) if self.parameters.replay else message)
        self.health.count(f"{last_part(publisher.topic_name)}_sent")

    def wanted(self, publisher: Publisher[Any]) -> bool:
        """Whether a message is worth making: somebody listens; in replay all are made."""
        return self.parameters.replay or publisher.get_subscription_count() > 0

    def enqueue(self, message: Any, key: Any = None) -> None:
        """Pass a message to the worker: what subscriptions of the input call."""
        self.health.count("received")
        self._work.put(message, key)

    def report_error(self, error: Exception) -> None:
        """Tell of an error, after which the node goes on."""
        text = describe(error)
        self.health.count("failed")
        self.health.error(text)
        self._problems.error(text)

    def wait_for_subscriber(self, publisher: Publisher[Any], seconds: float) -> None:
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
        """Take the parameters and set up; on failure say why and go back to unconfigured."""
        self.health, self._failure = NodeDiagnostics(), ""
        try:
            self.parameters = self._live.take()
            self.setup()
        except Exception as error:
            return self._fail("cannot be configured", error)
        self._state = "inactive"
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Begin to listen and to work; on failure say why and go back to where it was."""
        done = super().on_activate(state)
        self.stopping.clear()
        self._failure = ""
        try:
            self._work.begin(every=self.parameters.replay)
            self.start()
        except Exception as error:
            super().on_deactivate(state)
            return self._fail("cannot be activated", error)
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
        return done

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """End for good."""
        self._stop()
        done = super().on_shutdown(state)
        self._release()
        self._state = "finalized"
        return done

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """After an unexpected error: back to unconfigured, from where it can be tried again."""
        for undo in (self._stop, self._release):
            try:
                undo()
            except Exception as error:  # what is half made may be hard to undo
                self.report_error(error)
        self._state = "unconfigured"
        return SUCCESS

    def _fail(self, what: str, error: Exception) -> TransitionCallbackReturn:
        """A transition fails: as a user can mend it, or unexpectedly, which `on_error` handles."""
        self._failure = f"{what}: {describe(error)}"
        self.health.count("failed")
        if self.context.ok():  # else it was stopped meanwhile
            self._problems.error(self._failure)
        if not isinstance(error, DiffhpeError):
            return ERROR
        self._stop()
        if self._state == "unconfigured":
            self._release()
        return FAILURE

    def _process(self, messages: list[Any]) -> None:
        self._try(lambda: self.process(messages))
        self.health.count("finished", len(messages))

    def _change(self, new: P) -> None:
        """Live parameters were set."""

        def change() -> None:
            self.change(new)
            self.parameters = new

        self._work.call_between_messages(lambda: self._try(change))

    def _try(self, act: Callable[[], None]) -> None:
        """Do something; a robot's node goes on whatever one message does to it."""
        try:
            act()
        except Exception as error:
            if self.context.ok():
                self.report_error(error)

    def _stop(self) -> None:
        self.stopping.set()
        self.topics.close_inputs()
        self.stop()
        if self._work.is_running:
            self._work.end()
            if self.context.ok():
                self.on_stopped()

    def _release(self) -> None:
        self.teardown()
        self.topics.close_outputs()
        self._live.release()
        self._state = "unconfigured"

    def _report(self) -> Report:
        """How the node is."""
        self.health.set_value("dropped", self._work.dropped)
        self.health.set_value("waiting", self._work.waiting)
        if self._state == "active":
            self.inspect()
        state = Report((self._failure,) * bool(self._failure), (), {"state": self._state})
        return state + self.health.report() + self.topics.report()


def describe(error: Exception) -> str:
    """An error in one line."""
    text = " ".join(str(error).split())
    return text if isinstance(error, DiffhpeError) else f"{type(error).__name__}: {text}"
