"""What a node knows about how it is doing, for `/diagnostics`."""

import threading
from collections import deque
from dataclasses import dataclass

import numpy as np

_KEPT_TIMES = 200


@dataclass(frozen=True)
class Report:
    """The health of one second."""

    errors: tuple[str, ...]
    """What went wrong since the report before."""
    warnings: tuple[str, ...]
    """What is not as it should be, as long as it lasts."""
    values: dict[str, object]
    """Counts and times."""


class Health:
    """Collects counts, times, errors and warnings from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._errors: deque[str] = deque(maxlen=3)
        self._warnings: dict[str, str] = {}
        self._values: dict[str, object] = {}
        self._times: dict[str, deque[float]] = {}

    def count(self, name: str, by: int = 1) -> None:
        """Add to a count, which starts at 0; `by` 0 makes it appear."""
        with self._lock:
            value = self._values.get(name, 0)
            assert isinstance(value, int)
            self._values[name] = value + by

    def show(self, name: str, value: object) -> None:
        """Set a value."""
        with self._lock:
            self._values[name] = value

    def time(self, name: str, seconds: float) -> None:
        """Add to the times of which the median and the 95th percentile are reported, in ms."""
        with self._lock:
            self._times.setdefault(name, deque(maxlen=_KEPT_TIMES)).append(1000 * seconds)

    def error(self, text: str) -> None:
        """Something failed once."""
        with self._lock:
            self._errors.append(text)

    def warn(self, name: str, text: str) -> None:
        """Something is not as it should be, until `clear`."""
        with self._lock:
            self._warnings[name] = text

    def clear(self, name: str) -> None:
        """What was warned of under this name is over."""
        with self._lock:
            self._warnings.pop(name, None)

    def report(self) -> Report:
        """The state now; the errors are then forgotten."""
        with self._lock:
            values = dict(self._values)
            for name, times in self._times.items():
                values[f"{name}_ms_p50"] = float(np.percentile(times, 50))
                values[f"{name}_ms_p95"] = float(np.percentile(times, 95))
            errors = tuple(dict.fromkeys(self._errors))
            self._errors.clear()
            return Report(errors, tuple(self._warnings.values()), values)
