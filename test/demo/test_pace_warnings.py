"""If the machine does not keep up with the live demo, a warning gives the measurements."""

import pytest

from diffhpe_ros.demo.progress import Progress
from diffhpe_ros.demo.report import pace_warnings

FIGURES = {"frames_in": 180, "windows_lifted": 6, "load": 9.34, "cores": 2}


def warned(processed: int, windows: int, lifted: int, latency_ms: float | None) -> list[str]:
    """The warnings of a live run over 180 images."""
    report = FIGURES | {"frames_dropped": 180 - processed, "latency_ms": {"p50": latency_ms}}
    progress = Progress(True, 180, processed, windows, lifted)
    return pace_warnings(report, progress)


def test_machine_that_keeps_up_is_not_warned_of():
    assert warned(processed=176, windows=160, lifted=159, latency_ms=48.0) == []


def test_images_that_were_dropped_are_told_with_load_and_latency():
    assert warned(processed=31, windows=6, lifted=6, latency_ms=1830.4) == [
        "warning: live, 31 of 180 images were processed and 6 windows lifted, with a median latency"
        " of 1830 ms: the machine was too busy or is too slow (load 9.3 on 2 cores)"
    ]


@pytest.mark.parametrize("latency_ms", [None, 900.0])
def test_windows_that_were_dropped_are_told(latency_ms: float | None):
    (line,) = warned(processed=180, windows=160, lifted=6, latency_ms=latency_ms)
    assert line.startswith("warning: live, 180 of 180 images were processed and 6 windows lifted")
    assert ("latency" in line) == (latency_ms is not None)
