"""What a node logs of its problems: each once, however often it is reported."""

import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

AGAIN_S = 30.0
"""A problem that was over and comes back is not logged more often than this."""
_NUMBER = re.compile(r"\d+(\.\d+)?")


class ProblemLog:
    """Logs errors and warnings when they are new.

    Texts that differ in their numbers alone are of the same problem: silence lasts longer with
    every report.

    Args:
        logger: of a node.
        now_s: a clock.
    """

    def __init__(self, logger: Any, now_s: Callable[[], float] = time.monotonic) -> None:
        self._write: Mapping[str, Callable[[str], object]] = {
            "error": lambda text: logger.error(text),
            "warning": lambda text: logger.warning(text),
        }
        self._now_s = now_s
        self._lock = threading.Lock()
        self._present: set[str] = set()
        """Problems since the report before."""
        self._logged_at: dict[str, float] = {}

    def error(self, text: str) -> None:
        """An error, at once."""
        with self._lock:
            self._log("error", text)

    def report(self, errors: Iterable[str], warnings: Iterable[str]) -> None:
        """All that is wrong at present; what is not named is over."""
        with self._lock:
            before, self._present = self._present, set()
            for severity, texts in (("error", errors), ("warning", warnings)):
                for text in texts:
                    self._log(severity, text, before)

    def _log(self, severity: str, text: str, before: Iterable[str] = ()) -> None:
        report_error = _NUMBER.sub("#", text)
        is_running = report_error in self._present or report_error in before
        self._present.add(report_error)
        now_s = self._now_s()
        if is_running or now_s - self._logged_at.get(report_error, -AGAIN_S) < AGAIN_S:
            return
        self._logged_at[report_error] = now_s
        self._write[severity](text)
