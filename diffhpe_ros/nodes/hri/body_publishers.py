"""Publishers for the topics of each body."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile

from diffhpe_ros.nodes.base import StageNode
from diffhpe_ros.nodes.hri import BODIES, body_id
from diffhpe_ros.nodes.rclpy_api import PublisherEventCallbacks


class BodyPublishers:
    """Makes a body's publishers when it is first seen, and destroys them when it has left.

    This happens in the worker's thread, so the publishers have no events: the executor waits for
    events in its own thread, perhaps while they are being destroyed.

    Args:
        node: the publishing node.
        topics: topic name below the body's namespace → type and quality of service.
    """

    def __init__(self, node: StageNode[Any], topics: Mapping[str, tuple[type, QoSProfile]]) -> None:
        self._node = node
        self._topics = topics
        self._bodies: dict[int, dict[str, Publisher[Any]]] = {}

    def of(self, track_id: int) -> Mapping[str, Publisher[Any]]:
        """The publishers of one body, by topic."""
        if track_id not in self._bodies:
            self._bodies[track_id] = {
                name: self._node.create_publisher(
                    kind,
                    f"{BODIES}/{body_id(track_id)}/{name}",
                    quality,
                    event_callbacks=PublisherEventCallbacks(use_default_callbacks=False),
                )
                for name, (kind, quality) in self._topics.items()
            }
        return self._bodies[track_id]

    def keep(self, track_ids: Collection[int]) -> None:
        """Destroy the publishers of all other bodies."""
        for track_id in self._bodies.keys() - set(track_ids):
            for publisher in self._bodies.pop(track_id).values():
                self._node.destroy_publisher(publisher)
