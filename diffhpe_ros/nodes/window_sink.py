"""Where the node `detector` sends its windows: to a topic, or to a lifter in the same process."""

from __future__ import annotations

from typing import Any, Protocol

from rclpy.publisher import Publisher

from diffhpe_ros.nodes.base import StageNode
from diffhpe_ros.nodes.messages.windows import pack_windows
from diffhpe_ros.pipeline.people import PeopleWindows


class WindowSink(Protocol):
    """Takes the windows of one camera, in the order of their stamps."""

    def is_wanted(self) -> bool:
        """Whether windows are worth making for it now."""

    def put(self, windows: PeopleWindows) -> None:
        """Take windows. Never blocks."""


class TopicSink:
    """Publishes windows while the topic has subscribers; in replay always.

    Args:
        node: that publishes.
        publisher: of the topic.
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
    """Queues windows for a node in the same process, unserialized.

    Args:
        node: that processes `PeopleWindows`.
    """

    def __init__(self, node: StageNode[Any]) -> None:
        self._node = node

    def is_wanted(self) -> bool:
        """Always."""
        return True

    def put(self, windows: PeopleWindows) -> None:
        """Queue windows, as a stream of their camera."""
        self._node.enqueue(windows, stream=windows.camera)
