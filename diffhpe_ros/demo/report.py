"""report.json: what happened, in figures."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.demo.results import Results
from diffhpe_ros.demo.source import Source
from diffhpe_ros.metrics import mpjpe, p_mpjpe


def live_figures(results: Results) -> dict[str, Any]:
    """Counts and times of a live run."""
    detector = results.diagnostics.get("detector", {})
    lifter = results.diagnostics.get("lifter", {})
    source = results.diagnostics.get("video_source", {})
    latency, count = results.latency_ms, len(results.latency_ms)
    # A file's frames that came too late to be sent are lost on the way, too.
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


def coherence_figures(results: Results) -> dict[str, Any]:
    """Means over all lifted windows."""
    return {
        "symmetry_gap_mm": _mean(results.symmetry_gap_mm),
        "segment_std_mm": _mean(results.segment_std_mm),
    }


def error_figures(source: Source, results: Results) -> dict[str, Any]:
    """Errors against the clip's true joints; nothing where they are not known."""
    if source.truth is None or not results.joints:
        return {}
    pairs = [
        (joints.positions[0], source.truth[results.frame_of(stamp, source.fps)])
        for stamp, joints in results.joints.items()
    ]
    found, truth = (np.stack(each) for each in zip(*pairs, strict=True))
    relative, relative_truth = found - found[:, :1], truth - truth[:, :1]
    return {
        "mpjpe_mm": round(1000 * mpjpe(relative, relative_truth), 1),
        "p_mpjpe_mm": round(1000 * p_mpjpe(relative, relative_truth), 1),
        "root_error_mm": round(
            1000 * float(np.linalg.norm(found[:, 0] - truth[:, 0], axis=-1).mean()), 1
        ),
        "frames_with_error": len(pairs),
    }


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
    """The report for the terminal."""
    latency, lift = report["latency_ms"], report["lift_ms"]
    text = [
        f"frames      {report['frames_in']} in, {report['frames_dropped']} dropped,"
        f" {report['frames_detected']} with a person",
        f"lifted      {report['windows_lifted']} windows, {report['markers_published']} skeletons",
    ]
    if latency["p50"] is not None:
        text.append(
            f"latency     {latency['p50']:.0f} ms median, {latency['p95']:.0f} ms p95"
            f" from image stamp to skeleton; lifting {lift['p50']:.0f} ms"
        )
    if "mpjpe_mm" in report:
        text.append(
            f"error       {report['mpjpe_mm']:.0f} mm MPJPE, {report['p_mpjpe_mm']:.0f} mm"
            f" P-MPJPE, root {report['root_error_mm']:.0f} mm"
        )
    if report["symmetry_gap_mm"] is not None:
        text.append(
            f"coherence   symmetry gap {report['symmetry_gap_mm']:.0f} mm,"
            f" segment std {report['segment_std_mm']:.0f} mm"
        )
    return text
