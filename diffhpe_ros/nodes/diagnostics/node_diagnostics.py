"""Counts, times, errors and warnings of a node, for `/diagnostics`."""

import math
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

_KEPT_TIMES = 200
_KEPT_REPORTS = 6
"""Number of reports over which rates are computed; there is one report per second."""
_OF_MESSAGES_S = 5.0
"""A warning about messages ends when no message has come for this long."""


@dataclass(frozen=True)
class Report:
    """The diagnostics of one second."""

    errors: tuple[str, ...] = ()
    """Failures since the last report, and errors that persist."""
    warnings: tuple[str, ...] = ()
    """Warnings that persist."""
    values: dict[str, object] = field(default_factory=dict)
    """Counts, percentiles of times, and other values."""

    def __add__(self, other: "Report") -> "Report":
        return Report(
            self.errors + other.errors, self.warnings + other.warnings, self.values | other.values
        )


class NodeDiagnostics:
    """Collects counts, times, errors and warnings from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures: deque[str] = deque(maxlen=3)
        self._errors: dict[str, str] = {}
        self._warnings: dict[str, tuple[str, float]] = {}
        """Warning text, and the time at which it expires."""
        self._values: dict[str, object] = {}
        self._tallies: dict[str, int] = {}
        self._times: dict[str, deque[tuple[float, float]]] = {}
        self._past: deque[tuple[float, dict[str, int]]] = deque(maxlen=_KEPT_REPORTS)

    def count(self, name: str, by: int = 1) -> None:
        """Add to a count, which starts at 0; with `by` 0 it is only shown."""
        with self._lock:
            value = self._values.get(name, 0)
            assert isinstance(value, int)
            self._values[name] = value + by

    def tally(self, name: str, by: int) -> None:
        """Add to a hidden count, for `share`."""
        with self._lock:
            self._tallies[name] = self._tallies.get(name, 0) + by

    def set_value(self, name: str, value: object) -> None:
        """Set a value."""
        with self._lock:
            self._values[name] = value

    def remove_value(self, name: str) -> None:
        """Remove a value that is no longer known."""
        with self._lock:
            self._values.pop(name, None)

    def time(self, name: str, seconds: float) -> None:
        """Add a duration; the median and the 95th percentile are reported in ms."""
        with self._lock:
            times = self._times.setdefault(name, deque(maxlen=_KEPT_TIMES))
            times.append((time.monotonic(), 1000 * seconds))

    def error(self, text: str) -> None:
        """Report a failure once."""
        with self._lock:
            self._failures.append(text)

    def raise_error(self, name: str, text: str) -> None:
        """Report an error under a name, until `clear`."""
        with self._lock:
            self._warnings.pop(name, None)
            self._errors[name] = text

    def warn(self, name: str, text: str) -> None:
        """Report a warning under a name, until `clear`."""
        self._warn(name, text, math.inf)

    def warn_of_message(self, name: str, text: str) -> None:
        """Report a warning caused by messages, until `clear` or until no message causes it."""
        self._warn(name, text, time.monotonic() + _OF_MESSAGES_S)

    def clear(self, name: str) -> None:
        """End the error or warning of this name."""
        with self._lock:
            self._errors.pop(name, None)
            self._warnings.pop(name, None)

    def per_second(self, name: str) -> float | None:
        """Growth of a count per second over the last reports; None before there are two."""
        with self._lock:
            if len(self._past) < 2:
                return None
            return self._grown(name) / (self._past[-1][0] - self._past[0][0])

    def share(self, part: str, whole: str) -> float | None:
        """Growth of a count divided by another's, in the last reports; None if that is 0."""
        with self._lock:
            grown = self._grown(whole)
            return self._grown(part) / grown if grown else None

    def growth(self, name: str) -> int:
        """Growth of a count over the last reports."""
        with self._lock:
            return self._grown(name)

    def active_seconds(self, name: str) -> int:
        """In how many of the last reports, one a second, a count has grown."""
        with self._lock:
            counts = [counts.get(name, 0) for _, counts in self._past]
        return sum(later > earlier for earlier, later in pairwise(counts))

    def recent_s(self, name: str, seconds: float) -> float | None:
        """Median of the durations of the last seconds, in seconds; None if there are none."""
        since = time.monotonic() - seconds
        with self._lock:
            times = [value for when, value in self._times.get(name, ()) if when >= since]
        return float(np.median(times)) / 1000 if times else None

    def report(self) -> Report:
        """The current state; failures are reported once."""
        with self._lock:
            values = dict(self._values)
            for name, times in self._times.items():
                milliseconds = [value for _, value in times]
                values[f"{name}_ms_p50"] = float(np.percentile(milliseconds, 50))
                values[f"{name}_ms_p95"] = float(np.percentile(milliseconds, 95))
            errors = (*dict.fromkeys(self._failures), *self._errors.values())
            now = time.monotonic()
            self._warnings = {name: each for name, each in self._warnings.items() if now < each[1]}
            warnings = tuple(text for text, _ in self._warnings.values())
            self._failures.clear()
            self._past.append((now, self._counts()))
            return Report(errors, warnings, values)

    def _warn(self, name: str, text: str, end: float) -> None:
        with self._lock:
            self._errors.pop(name, None)
            self._warnings[name] = text, end

    def _counts(self) -> dict[str, int]:
        shown = {name: value for name, value in self._values.items() if isinstance(value, int)}
        return shown | self._tallies

    def _grown(self, name: str) -> int:
        """Growth of a count over the last reports."""
        if not self._past:
            return 0
        first, last = self._past[0][1], self._past[-1][1]
        return max(0, last.get(name, 0) - first.get(name, 0))
