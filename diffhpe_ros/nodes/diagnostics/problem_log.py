"""Logs a node's errors and warnings, each only once, however often it is reported."""

import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

AGAIN_S = 30.0
"""Least time between two log entries of a problem that comes and goes."""
_NUMBER = re.compile(r"(?<![\w/])\d+(\.\d+)?(?!\w)")
"""Measured values, but no parts of names, such as cam_1."""


class ProblemLog:
    """Logs errors and warnings when they are new.

    Texts that differ only in their numbers are the same problem: "nothing came for 4 s" follows
    "nothing came for 3 s".

    Args:
        logger: the node's logger.
        now_s: returns the time in seconds.
    """

    def __init__(self, logger: Any, now_s: Callable[[], float] = time.monotonic) -> None:
        self._write: Mapping[str, Callable[[str], object]] = {
            "error": lambda text: logger.error(text),
            "warning": lambda text: logger.warning(text),
        }
        self._now_s = now_s
        self._lock = threading.Lock()
        self._present: set[str] = set()
        """Problems since the last report."""
        self._logged_at: dict[str, float] = {}

    def error(self, text: str) -> None:
        """Log an error at once."""
        with self._lock:
            self._log("error", text)

    def report(self, errors: Iterable[str], warnings: Iterable[str]) -> None:
        """Log the current problems that are new; problems not listed are over."""
        with self._lock:
            before, self._present = self._present, set()
            for severity, texts in (("error", errors), ("warning", warnings)):
                for text in texts:
                    self._log(severity, text, before)

    def _log(self, severity: str, text: str, before: Iterable[str] = ()) -> None:
        problem = _NUMBER.sub("#", text)
        is_known = problem in self._present or problem in before
        self._present.add(problem)
        now_s = self._now_s()
        if is_known or now_s - self._logged_at.get(problem, -AGAIN_S) < AGAIN_S:
            return
        self._logged_at[problem] = now_s
        self._write[severity](text)
