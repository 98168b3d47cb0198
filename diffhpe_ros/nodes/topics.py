"""A node's publishers and subscriptions: made, monitored and destroyed together."""

from __future__ import annotations

import time
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from rclpy.duration import Duration
from rclpy.exceptions import ParameterException
from rclpy.lifecycle import LifecycleNode, LifecyclePublisher
from rclpy.publisher import Publisher
from rclpy.qos import QoSPolicyKind, QoSProfile
from rclpy.qos_overriding_options import QoSOverridingOptions
from rclpy.subscription import Subscription

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.nodes.diagnostics.endpoints import (
    elsewhere,
    explain_silence,
    incompatible_publishers,
    incompatible_subscribers,
    other_publishers,
)
from diffhpe_ros.nodes.diagnostics.node_diagnostics import Report
from diffhpe_ros.nodes.rclpy_api import SubscriptionEventCallbacks, UnsupportedEventTypeError
from diffhpe_ros.nodes.senders import Senders

SILENCE_S = 3.0
_OVERRIDABLE = (
    QoSPolicyKind.HISTORY, QoSPolicyKind.DEPTH, QoSPolicyKind.RELIABILITY, QoSPolicyKind.DURABILITY,
)  # fmt: skip
"""Policies that parameters can set."""


class Expect(Enum):
    """What is normal for a subscribed topic."""

    STEADY = "messages arrive all the time"
    SOMETIMES = "it has a publisher, which may be silent for a long time"
    PERHAPS = "it may have no publisher"
    SEVERAL = "it may have no publisher, or several"


class Topics:
    """Makes a node's publishers and subscriptions, and reports problems with them.

    The quality of service of each can be changed by parameters `qos_overrides.<topic>.…`.
    """

    def __init__(self, node: LifecycleNode) -> None:
        """Start without topics."""
        self._node = node
        self._inputs: list[_Input] = []
        self._outputs: list[LifecyclePublisher[Any]] = []

    def advertise(self, message_type: type, topic: str, qos: QoSProfile) -> Publisher[Any]:
        """Make a publisher; it does not publish while the node is inactive.

        Raises:
            DiffhpeError: the qos_overrides of the topic are invalid.
        """
        publisher: LifecyclePublisher[Any] = _make(
            topic, self._node.create_lifecycle_publisher, message_type, topic, copy(qos)
        )
        self._outputs.append(publisher)
        return publisher

    def subscribe(
        self,
        message_type: type,
        topic: str,
        callback: Callable[[Any], None],
        qos: QoSProfile,
        expect: Expect = Expect.STEADY,
        senders: Senders | None = None,
    ) -> None:
        """Subscribe.

        Args:
            message_type: type of the topic.
            topic: name of the topic.
            callback: receives the messages.
            qos: quality of service of the subscription.
            expect: what is normal for the topic.
            senders: decides which messages to accept; None for all.

        Raises:
            DiffhpeError: the qos_overrides of the topic are invalid.
        """
        monitored = _Input(expect, senders)

        def receive(message: Any, info: Any) -> None:
            monitored.on_message()
            if senders is None or senders.accept(message, info):
                callback(message)

        arguments = (message_type, topic, receive, copy(qos))
        create = self._node.create_subscription
        events = SubscriptionEventCallbacks(message_lost=monitored.on_message_lost)
        try:
            monitored.subscription = _make(topic, create, *arguments, event_callbacks=events)
        except UnsupportedEventTypeError:  # not every middleware reports lost messages
            monitored.subscription = _make(topic, create, *arguments)
        self._inputs.append(monitored)

    def flush(self, timeout_s: float) -> None:
        """Wait until the subscribers of all reliable topics have the last messages."""
        give_up = time.monotonic() + timeout_s
        for publisher in self._outputs:
            left_s = max(0.0, give_up - time.monotonic())
            publisher.wait_for_all_acked(Duration(seconds=left_s))

    def close_inputs(self) -> None:
        """Unsubscribe from all topics."""
        while self._inputs:
            self._node.destroy_subscription(self._inputs.pop().subscription)

    def close_outputs(self) -> None:
        """Destroy all publishers."""
        while self._outputs:
            self._node.destroy_lifecycle_publisher(self._outputs.pop())

    def report(self) -> Report:
        """Numbers of subscribers and lost messages, and problems."""
        warnings: list[str] = []
        values: dict[str, object] = {}
        for each in self._inputs:
            warnings += each.connection_warnings(self._node)
            if each.lost:
                values[f"{last_part(each.subscription.topic_name)}_lost"] = each.lost
        for publisher in self._outputs:
            topic = publisher.topic_name
            warnings += incompatible_subscribers(
                self._node, topic, _type_name(publisher.msg_type), publisher.qos_profile
            )
            values[f"{last_part(topic)}_listeners"] = publisher.get_subscription_count()
        return Report(warnings=tuple(warnings), values=values)


@dataclass
class _Input:
    """A subscription and its counts of messages."""

    expect: Expect
    senders: Senders | None = None
    received_at: float = field(default_factory=time.monotonic)
    received: int = 0
    lost: int = 0
    lost_before: int = 0
    """`lost` when the last message came."""
    reported: tuple[int, int] = (0, 0)
    """`received` and `lost` at the last report."""
    subscription: Any = None

    def on_message(self) -> None:
        self.received_at = time.monotonic()
        self.received += 1
        self.lost_before = self.lost

    def on_message_lost(self, event: Any) -> None:
        self.lost = event.total_count

    def connection_warnings(self, node: LifecycleNode) -> list[str]:
        subscription: Subscription[Any] = self.subscription
        topic, kind = subscription.topic_name, _type_name(subscription.msg_type)
        incompatible = incompatible_publishers(node, topic, kind, subscription.qos_profile)
        received, lost = self.received - self.reported[0], self.lost - self.reported[1]
        self.reported = self.received, self.lost
        silent_s = time.monotonic() - self.received_at
        if silent_s > SILENCE_S and self._is_unexpected(node, topic, incompatible):
            lost_since = self.lost - self.lost_before
            why = explain_silence(node, topic, kind, incompatible, self.received, lost_since)
            return [f"no messages on {topic} for {silent_s:.0f} s: {why}"]
        warnings = incompatible
        if self.expect is Expect.PERHAPS and not self.received and silent_s > SILENCE_S:
            warnings += self._forgotten_remap(node, topic, kind)
        if lost > received:
            warnings.append(
                f"{lost} messages of {topic} were lost on the way in the last second, {received}"
                " arrived: the sender of large images needs the DDS profile config/fastdds.xml"
            )
        if self.senders is not None:
            warnings += self.senders.problems(node, topic)
        if self.expect in (Expect.STEADY, Expect.PERHAPS):
            warnings += other_publishers(node, topic)
        return warnings

    def _forgotten_remap(self, node: LifecycleNode, topic: str, kind: str) -> list[str]:
        """A text if an optional topic has no publisher, but another topic of its type has one."""
        hint = elsewhere(node, topic, kind)
        if node.count_publishers(topic) or not hint:
            return []
        return [f"no messages on {topic}: it has no publisher{hint}; is a remapping missing?"]

    def _is_unexpected(self, node: LifecycleNode, topic: str, incompatible: list[str]) -> bool:
        """Whether it is unusual that no messages arrive."""
        if self.expect is Expect.SOMETIMES:
            return node.count_publishers(topic) <= len(incompatible)
        return self.expect is Expect.STEADY


def _make(topic: str, create: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
    """Make a publisher or subscription whose QoS can be overridden by parameters."""
    options = QoSOverridingOptions(_OVERRIDABLE)
    try:
        return create(*arguments, qos_overriding_options=options, **more)
    except UnsupportedEventTypeError:
        raise
    except (ParameterException, RuntimeError) as error:
        raise DiffhpeError(
            f"the qos_overrides of {topic} are not valid QoS settings: {error}"
        ) from None


def _type_name(message_type: type) -> str:
    return f"{message_type.__module__.split('.')[0]}/msg/{message_type.__name__}"


def last_part(topic: str) -> str:
    """The name of a topic without its namespace, for diagnostics values."""
    return topic.rpartition("/")[2]
