"""Receives the transforms on /tf and /tf_static, and waits for those that are needed."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.geometry.rigid_transform import RigidTransform
from diffhpe_ros.nodes import qos
from diffhpe_ros.nodes.diagnostics.node_diagnostics import NodeDiagnostics
from diffhpe_ros.nodes.messages.header import stamp_to_ns
from diffhpe_ros.nodes.topics import Expect, Topics
from diffhpe_ros.nodes.transforms.buffer import DisconnectedError, TransformBuffer, TransformError
from diffhpe_ros.nodes.transforms.link import NEVER
from diffhpe_ros.track_registry import MAX_CAMERAS

_REPLAY_NS = 1_000_000_000
"""In replay a transform counts if it arrived before /tf was this far beyond the image's stamp."""
_REPLAY_WAIT_S = 30.0
"""In replay, the longest wait for the first transform, by the machine's clock."""
_REPLAY_SILENCE_S = 2.0
"""In replay, a /tf that is later silent for this long has ended."""
_AGAIN_NS = 2_000_000_000
"""Live, after waiting for a transform in vain, the next one is awaited once that one has come, or
after this time."""
_WAKE_S = 0.02


class TransformListener:
    """Collects transforms, and looks them up at the stamps of images.

    Live, a lookup waits at most `timeout_s`: transforms come a little after the image. In replay
    only the order of the messages on /tf counts, so results do not depend on the machine's speed.
    """

    def __init__(self, timeout_s: float, replay: bool, diagnostics: NodeDiagnostics) -> None:
        """Arguments as in `LifterParameters`."""
        self._timeout_s = timeout_s
        self._replay = replay
        self._diagnostics = diagnostics
        self._buffer = TransformBuffer(keeps_all=replay)
        self._changed = threading.Condition()
        self._changed_at = time.monotonic()
        self._refused = self._reported = 0
        self._is_first = True
        self._is_open = True
        self._awaited: dict[tuple[str, str], int] = {}
        """Target and source → time at which a transform was last awaited in vain."""

    def subscribe(self, topics: Topics, message_type: Any) -> None:
        """Subscribe to /tf and /tf_static."""
        replay = self._replay
        topics.subscribe(message_type, "/tf", self.put, qos.tf_in(replay), Expect.SEVERAL)
        topics.subscribe(
            message_type, "/tf_static", self.put_static, qos.TF_STATIC_IN, Expect.SEVERAL
        )

    def put(self, message: Any) -> None:
        """Add the transforms of a message; called in the callback thread."""
        self._put(message, is_static=False)

    def put_static(self, message: Any) -> None:
        """Add transforms that hold at any time."""
        self._put(message, is_static=True)

    def inspect(self) -> None:
        """End the warning about refused transforms when no more come; called once a second."""
        if self._refused == self._reported:
            self._diagnostics.clear("tf_refused")
        self._reported = self._refused

    def close(self) -> None:
        """Unblock `lookup`."""
        with self._changed:
            self._is_open = False
            self._changed.notify_all()

    def lookup(self, target: str, source: str, stamps_ns: Sequence[int]) -> RigidTransform:
        """Transforms (N) from source to target at N times.

        Raises:
            TransformError: there is none (see `TransformBuffer.lookup`), and none came in time.
        """
        begin, last_ns = time.monotonic(), max(stamps_ns)
        known_by_ns = last_ns + _REPLAY_NS if self._replay else NEVER
        with self._changed:
            try:
                return self._wait_for(target, source, stamps_ns, known_by_ns)
            finally:
                self._is_first = False
                if self._replay:
                    self._buffer.forget_before(last_ns)
                self._diagnostics.time("tf_wait", time.monotonic() - begin)

    def _wait_for(
        self, target: str, source: str, stamps_ns: Sequence[int], known_by_ns: int
    ) -> RigidTransform:
        begin, pair = time.monotonic(), (target, source)
        is_late = not self._replay and self._is_late(pair, max(stamps_ns))
        timeout_s = 0.0 if is_late else self._timeout_s
        while True:
            try:
                return self._buffer.lookup(target, source, stamps_ns, known_by_ns)
            except TransformError as error:
                if not self._may_come(error, begin, timeout_s, known_by_ns):
                    if 0 < timeout_s <= time.monotonic() - begin:
                        self._remember(pair, max(stamps_ns))
                    raise
            self._changed.wait(_WAKE_S)

    def _is_late(self, pair: tuple[str, str], stamp_ns: int) -> bool:
        """Whether the transform that was awaited a moment ago has not come yet.

        So one that is missing, or always late, does not delay every image.
        """
        awaited_ns = self._awaited.get(pair)
        if awaited_ns is None or not 0 <= stamp_ns - awaited_ns < _AGAIN_NS:
            return False
        try:
            self._buffer.lookup(*pair, [awaited_ns])
        except TransformError:
            return True
        del self._awaited[pair]
        return False

    def _remember(self, pair: tuple[str, str], stamp_ns: int) -> None:
        self._awaited.pop(pair, None)
        self._awaited[pair] = stamp_ns
        if len(self._awaited) > MAX_CAMERAS:
            del self._awaited[next(iter(self._awaited))]

    def _may_come(
        self, error: TransformError, begin: float, timeout_s: float, known_by_ns: int
    ) -> bool:
        """Whether to go on waiting for a missing transform."""
        now = time.monotonic()
        if not self._is_open:
            return False
        if not self._replay:
            return not isinstance(error, DisconnectedError) and now - begin < timeout_s
        if self._is_first and isinstance(error, DisconnectedError):
            return now - begin < _REPLAY_WAIT_S
        silent_s = now - max(begin, self._changed_at)
        return self._buffer.newest_ns <= known_by_ns and silent_s < _REPLAY_SILENCE_S

    def _put(self, message: Any, is_static: bool) -> None:
        with self._changed:
            for each in message.transforms:
                try:
                    self._add(each, is_static)
                except DiffhpeError as error:
                    self._refused += 1
                    self._diagnostics.count("tf_refused")
                    self._diagnostics.warn("tf_refused", f"/tf: {error}")
            self._changed_at = time.monotonic()
            self._changed.notify_all()

    def _add(self, stamped: Any, is_static: bool) -> None:
        header, transform = stamped.header, stamped.transform
        t, q = transform.translation, transform.rotation
        self._buffer.add(
            header.frame_id,
            stamped.child_frame_id,
            stamp_to_ns(header.stamp),
            (t.x, t.y, t.z),
            (q.x, q.y, q.z, q.w),
            is_static,
        )
