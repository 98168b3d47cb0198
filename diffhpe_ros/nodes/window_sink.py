"""Sinks of the detector's windows: a topic, or a lifter in the same process."""

from __future__ import annotations

from typing import Any, Protocol

from rclpy.publisher import Publisher

from diffhpe_ros.nodes.base import StageNode
from diffhpe_ros.nodes.messages.windows import pack_windows
from diffhpe_ros.pipeline.people import PeopleWindows


class WindowSink(Protocol):
    """Receives the windows of one camera, in the order of their stamps."""

    def is_wanted(self) -> bool:
        """Whether it needs windows at the moment."""

    def put(self, windows: PeopleWindows) -> None:
        """Take windows. Never blocks."""


class TopicSink:
    """Publishes windows while the topic has subscribers; in replay always.

    Args:
        node: the publishing node.
        publisher: the topic's publisher.
    """

    def __init__(self, node: StageNode[Any], publisher: Publisher[Any]) -> None:
        self._node = node
        self._publisher = publisher

    def is_wanted(self) -> bool:
        """Whether the topic has subscribers, or this is a replay."""
        return self._node.wanted(self._publisher)

    def put(self, windows: PeopleWindows) -> None:
        """Publish windows."""
        self._node.send(self._publisher, pack_windows(windows))


class InProcessSink:
    """Queues windows for a node in the same process, without serialization.

    Args:
        node: the node that processes `PeopleWindows`.
    """

    def __init__(self, node: StageNode[Any]) -> None:
        self._node = node

    def is_wanted(self) -> bool:
        """Always."""
        return True

    def put(self, windows: PeopleWindows) -> None:
        """Queue windows, as a stream of their camera."""
        self._node.enqueue(windows, stream=windows.camera)
