"""Keeps the senders of windows apart: two cameras of one name would mix their people."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rclpy.node import Node

from diffhpe_ros.nodes.diagnostics.endpoints import name_of
from diffhpe_ros.track_registry import MAX_CAMERAS

OWNED_S = 2.0
"""A camera belongs to its sender until the sender is silent for this long, as in a restart."""
_REPORT_S = 3.0
"""A second sender is reported for this long after its last message."""


@dataclass
class _Owner:
    """The sender of a camera's messages."""

    sender: bytes | None
    """None if the middleware does not give it."""
    number: int
    """Sequence number of its last message; these rise for each sender."""
    seen_s: float
    other: bytes | None = None
    """Another sender for this camera."""
    other_seen_s: float = float("-inf")
    from_other: int = 0
    """Number of messages from the other sender. A single one means that the sender restarted."""


class Senders:
    """Accepts the messages of only one sender for each camera.

    If the middleware does not name the sender (before Kilted), all messages are accepted. Two
    senders then show by sequence numbers that do not rise.

    Args:
        camera_of: the name of the camera that a message is from.
        now_s: returns the time in seconds.
    """

    def __init__(
        self, camera_of: Callable[[Any], str], now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._camera_of = camera_of
        self._now_s = now_s
        self._owners: dict[str, _Owner] = {}

    def accept(self, message: Any, info: Mapping[str, Any]) -> bool:
        """Whether to accept a message.

        Args:
            message: of any type that `camera_of` knows.
            info: rclpy's `MessageInfo`.
        """
        camera = self._camera_of(message)
        gid = info.get("publisher_gid")
        sender = bytes(gid["data"]) if gid else None
        number, now_s = info.get("publication_sequence_number") or 0, self._now_s()
        owner = self._owners.pop(camera, None)
        if owner is None or now_s - owner.seen_s > OWNED_S:
            owner = _Owner(sender, number, now_s)
        self._owners[camera] = owner
        if len(self._owners) > MAX_CAMERAS:
            del self._owners[next(iter(self._owners))]
        is_other = sender != owner.sender
        if is_other or (sender is None and 0 < number <= owner.number):
            is_new = now_s - owner.other_seen_s > _REPORT_S
            owner.from_other = 1 if is_new else owner.from_other + 1
            owner.other, owner.other_seen_s = sender, now_s
        if not is_other:
            owner.number, owner.seen_s = number, now_s
        return not is_other

    def problems(self, node: Node, topic: str) -> list[str]:
        """A text for each camera that has had two senders in the last seconds."""
        now_s = self._now_s()
        found = []
        for camera, owner in list(self._owners.items()):
            if owner.from_other < 2 or now_s - owner.other_seen_s > _REPORT_S:
                continue
            advice = "give each its own frame_id or camera_name"
            if owner.sender is None or owner.other is None:
                found.append(
                    f"several nodes send camera {camera!r}, so their people are mixed up: {advice}"
                )
                continue
            names = [name_of(node, topic, each) for each in (owner.sender, owner.other)]
            found.append(
                f"{names[0]} and {names[1]} both send camera {camera!r}: the people of"
                f" {names[1]} are ignored; {advice}"
            )
        return found
