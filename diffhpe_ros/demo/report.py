"""report.json: the figures of a run."""

import os
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.demo.progress import Progress
from diffhpe_ros.demo.results import Results
from diffhpe_ros.demo.source import DemoSource
from diffhpe_ros.metrics import acceleration_errors, mpjpe, p_mpjpe

_MOST_LATE = 0.2
"""Share of images or windows that may be dropped before a live run counts as too slow."""


def live_figures(results: Results) -> dict[str, Any]:
    """Counts and times of a live run."""
    detector = results.diagnostics.get("detector", {})
    lifter = results.diagnostics.get("lifter", {})
    source = results.diagnostics.get("video_source", {})
    latency, count = results.latency_ms, len(results.latency_ms)
    # A file's frames that were too late to be sent count as lost, too.
    frames_in = int(source.get("published", len(results.stamps_ns)))
    frames_in += int(source.get("skipped", 0))
    periods = np.diff(results.stamps_ns) / 1e9
    return {
        "frames_in": frames_in,
        "frames_dropped": frames_in - int(detector.get("processed", 0)),
        "frames_detected": int(detector.get("with_people", 0)),
        "windows_lifted": len(results.symmetry_gap_mm),
        "markers_published": count,
        "latency_ms": _percentiles(latency, p50=50, p95=95, max=100),
        "lift_ms": {
            "p50": _number(lifter.get("lift_ms_p50")),
            "p95": _number(lifter.get("lift_ms_p95")),
        },
        "fps": round(1 / float(np.median(periods)), 2) if len(periods) else None,
        "device": lifter.get("device"),
    }


def completeness(runs: Mapping[str, Progress]) -> dict[str, Any]:
    """Whether all runs are complete, and how far each came."""
    return {
        "complete": all(progress.complete for progress in runs.values()),
        "runs": {name: asdict(progress) for name, progress in runs.items()},
    }


def warnings(runs: Mapping[str, Progress]) -> list[str]:
    """A line for each incomplete run."""
    return [
        f"warning: the {name} run is incomplete ({progress}); its figures cover only that part"
        for name, progress in runs.items()
        if not progress.complete
    ]


def load_figures(load: float) -> dict[str, Any]:
    """The machine's load, and the number of cores that this program may use."""
    return {"load": round(load, 1), "cores": len(os.sched_getaffinity(0))}


def pace_warnings(report: Mapping[str, Any], live: Progress) -> list[str]:
    """A line with figures if the nodes did not keep up with the images of a live run."""
    images, windows = report["frames_in"], live.windows_sent
    late = max(report["frames_dropped"], images - live.frames_processed)
    if late <= _MOST_LATE * images and windows - live.windows_lifted <= _MOST_LATE * windows:
        return []
    latency = report["latency_ms"]["p50"]
    found = "" if latency is None else f", with a median latency of {latency:.0f} ms"
    return [
        f"warning: live, {images - late} of {images} images were processed and"
        f" {report['windows_lifted']} windows lifted{found}: the machine was too busy or is too"
        f" slow (load {report['load']:.1f} on {report['cores']} cores)"
    ]


def part_shown(report: Mapping[str, Any], run: str | None = None) -> str:
    """Which part of a run the figures cover; by default of the run that is shown.

    Empty if they cover the whole run.
    """
    counts = report["runs"][run or next(reversed(report["runs"]))]
    if counts["complete"]:
        return ""
    return f"incomplete: {counts['windows_lifted']} of {counts['windows_sent']} windows lifted"


def coherence_figures(results: Results) -> dict[str, Any]:
    """Means over all lifted windows."""
    return {
        "symmetry_gap_mm": _mean(results.symmetry_gap_mm),
        "segment_std_mm": _mean(results.segment_std_mm),
    }


def error_figures(source: DemoSource, results: Results) -> dict[str, Any]:
    """Errors against the clip's true joints; empty if they are not known."""
    if source.truth is None or not results.joints:
        return {}
    frames = np.array([results.frame_of(stamp, source.fps) for stamp in results.joints])
    found = np.stack([joints.positions[0] for joints in results.joints.values()])
    truth = source.truth[frames]
    relative, relative_truth = found - found[:, :1], truth - truth[:, :1]
    return {
        "mpjpe_mm": round(1000 * mpjpe(relative, relative_truth), 1),
        "p_mpjpe_mm": round(1000 * p_mpjpe(relative, relative_truth), 1),
        "root_error_mm": round(
            1000 * float(np.linalg.norm(found[:, 0] - truth[:, 0], axis=-1).mean()), 1
        ),
        "jitter_mm_per_frame2": _jitter(frames, relative, relative_truth),
        "frames_with_error": len(frames),
    }


def _jitter(frames: NDArray[np.int64], found: NDArray[Any], truth: NDArray[Any]) -> float | None:
    """Mean acceleration error over consecutive frames, mm; None without three in a row."""
    if len(frames) < 3:
        return None
    follow = (np.diff(frames[:-1]) == 1) & (np.diff(frames[1:]) == 1)
    return _mean(1000 * acceleration_errors(found, truth)[follow].mean(-1))


def _percentiles(times: NDArray[np.float64], **which: float) -> dict[str, float | None]:
    return {
        name: round(float(np.percentile(times, percent)), 2) if len(times) else None
        for name, percent in which.items()
    }


def _mean(values: NDArray[np.float64]) -> float | None:
    known = values[np.isfinite(values)]
    return round(float(known.mean()), 2) if len(known) else None


def _number(text: str | None) -> float | None:
    return None if text is None else float(text)


def lines(report: Mapping[str, Any]) -> list[str]:
    """The report as lines for the terminal."""
    latency, lift = report["latency_ms"], report["lift_ms"]
    live, shown = _bracketed(part_shown(report, "live")), _bracketed(part_shown(report))
    text = [
        f"frames      {report['frames_in']} in, {report['frames_dropped']} dropped,"
        f" {report['frames_detected']} with a person{live}",
        f"lifted      {report['windows_lifted']} windows, {report['markers_published']}"
        f" skeletons{live}",
    ]
    if None not in (latency["p50"], lift["p50"]):
        text.append(
            f"latency     {latency['p50']:.0f} ms median, {latency['p95']:.0f} ms p95"
            f" from image stamp to skeleton; lifting {lift['p50']:.0f} ms{live}"
        )
    if "mpjpe_mm" in report:
        text.append(
            f"error       {report['mpjpe_mm']:.0f} mm MPJPE, {report['p_mpjpe_mm']:.0f} mm"
            f" P-MPJPE, root {report['root_error_mm']:.0f} mm"
            + _of_jitter(report["jitter_mm_per_frame2"])
            + shown
        )
    if report["symmetry_gap_mm"] is not None:
        text.append(
            f"coherence   symmetry gap {report['symmetry_gap_mm']:.0f} mm,"
            f" segment std {report['segment_std_mm']:.0f} mm{shown}"
        )
    return text


def _bracketed(text: str) -> str:
    return f" ({text})" if text else ""


def _of_jitter(jitter: float | None) -> str:
    return "" if jitter is None else f", jitter {jitter:.1f} mm/frame²"
