"""Progress of a run of the graph: the nodes count the messages that they send and finish."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from diffhpe_ros.demo.recorder import DIAGNOSTICS, Record

_RESULTS = {"detector": ("windows",), "lifter": ("joints", "skeletons", "coherence")}


@dataclass(frozen=True)
class Progress:
    """Counts of one run's messages."""

    complete: bool = False
    """Whether the source has ended, and everything that it sent was processed to the end."""
    frames_sent: int = 0
    """Images that the source published."""
    frames_processed: int = 0
    """Images that the detector has finished."""
    windows_sent: int = 0
    """Messages of windows; each has all people in an image."""
    windows_lifted: int = 0
    """Messages of windows that the lifter has finished."""
    not_recorded: Mapping[str, int] = field(default_factory=dict)
    """Number of results that were sent but did not arrive, by topic."""

    def __str__(self) -> str:
        lost = [f"{count} {topic} not recorded" for topic, count in self.not_recorded.items()]
        return ", ".join(
            [
                f"{self.frames_processed} of {self.frames_sent} images processed",
                f"{self.windows_lifted} of {self.windows_sent} windows lifted",
                *lost,
            ]
        )


class Monitor:
    """Follows a run by its recorded messages.

    A replay is complete when each node has finished everything that the previous one sent, and all
    results have arrived. Live, messages may be dropped. A live run is complete when its source has
    ended, then the detector is idle, and then the lifter. A node is idle if it received nothing
    since its last report and has nothing left to do.

    Args:
        namespace: namespace of the graph.
        replay: whether every message must arrive.
    """

    def __init__(self, namespace: str, replay: bool) -> None:
        self._namespace = namespace
        self._replay = replay
        self._read = 0
        self._recorded: Counter[str] = Counter()
        self._values: dict[str, Mapping[str, str]] = {}
        self._at_rest = dict.fromkeys(_RESULTS, False)
        self._progress: tuple[Progress, int] = Progress(), 0
        self._changed_at = time.monotonic()

    @property
    def idle_s(self) -> float:
        """Seconds without progress, at the last update."""
        return time.monotonic() - self._changed_at

    def update(self, records: Sequence[Record]) -> Progress:
        """Read the records that have arrived since the last update.

        Args:
            records: all records of the run so far.
        """
        for record in records[self._read :]:
            self._read += 1
            if record.topic != DIAGNOSTICS:
                self._recorded[record.topic] += 1
                continue
            for node, values in node_reports(self._namespace, record.message()):
                self._report(node, values)
        progress = self._count()
        now = progress, self._recorded.total()
        if now != self._progress:
            self._progress, self._changed_at = now, time.monotonic()
        return progress

    def _report(self, node: str, values: Mapping[str, str]) -> None:
        if node in self._at_rest:
            before_it = self._ended if node == "detector" else self._at_rest["detector"]
            self._at_rest[node] = before_it and _same_and_idle(self._values.get(node, {}), values)
        self._values[node] = values

    @property
    def _ended(self) -> bool:
        return "ended" in self._values.get("video_source", {})

    def _count(self) -> Progress:
        frames, windows = self._value("video_source", "image_sent"), self._sent("windows")
        processed, finished = (self._value(node, "finished") for node in _RESULTS)
        missing = {
            topic: count
            for topics in _RESULTS.values()
            for topic in topics
            if (count := self._sent(topic) - self._recorded[topic]) > 0
        }
        if self._replay:
            rest = frames > 0 and processed == frames and finished == windows and not missing
        else:
            rest = all(self._at_rest.values())
        # A stopped node sends no more reports: windows whose results arrived were lifted, too.
        lifted = max(finished, self._recorded["coherence"])
        return Progress(self._ended and rest, frames, processed, windows, lifted, missing)

    def _sent(self, topic: str) -> int:
        (node,) = (node for node, topics in _RESULTS.items() if topic in topics)
        return self._value(node, f"{topic}_sent")

    def _value(self, node: str, key: str) -> int:
        return int(self._values.get(node, {}).get(key, 0))


def node_reports(namespace: str, message: Any) -> Iterator[tuple[str, dict[str, str]]]:
    """Names and values of the nodes of a namespace in a `/diagnostics` message."""
    for status in message.status:
        space, _, node = status.name.partition(":")[0].rpartition("/")
        if space.strip("/") == namespace:
            yield node, {pair.key: pair.value for pair in status.values}


def _same_and_idle(before: Mapping[str, str], now: Mapping[str, str]) -> bool:
    """Whether a node received nothing between two reports, and has nothing left to do."""
    received, finished, dropped = (
        int(now.get(key, 0)) for key in ("received", "finished", "dropped")
    )
    return before.get("received") == now.get("received") and received == finished + dropped
