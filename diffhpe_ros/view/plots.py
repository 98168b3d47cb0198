"""Plots of coherence, confidence and latency over the last seconds."""

import numpy as np
import viser
from numpy.typing import NDArray
from viser import uplot

from diffhpe_ros.view.estimator import Estimate
from diffhpe_ros.view.style import css, person_colour

SPAN_S = 10.0
LINES = 4
"""Number of plotted people: those with the lowest track ids in the span."""
_HEIGHT = 150
_LEAST_TOP = 20.0
_MARGIN = 1.08
"""The plot extends above the highest number of its axis, which would be cut off otherwise."""


class Plots:
    """Three plots; people have the colours of their trails."""

    def __init__(self, server: viser.ViserServer) -> None:
        self._server = server
        self._coherence = self._add(
            "Symmetry gap and segment std (dashed), mm", _series([], dashed=True)
        )
        self._confidence = self._add("Confidence of the 2D joints", _series([]), top=1.0)
        times = (
            uplot.Series(label="2D", stroke="rgb(90,90,90)", width=2),
            uplot.Series(label="3D", stroke="rgb(213,94,0)", width=2),
        )
        self._latency = self._add("Time of 2D (grey) and 3D, ms", (uplot.Series(label="s"), *times))
        self._ids: list[int] = []

    def draw(self, past: list[Estimate]) -> None:
        """Plot estimates in order of time, at least one; the last is at 0."""
        times = np.array([(each.stamp_ns - past[-1].stamp_ns) / 1e9 for each in past])
        ids = sorted({track_id for each in past for track_id in each.people.track_ids})[:LINES]
        gap, std, confidence = per_person(past, ids)
        ms = np.array([(each.detect_ms, each.lift_ms) for each in past]).T
        with self._server.atomic():
            if ids != self._ids:
                self._ids = ids
                self._coherence.series = _series(ids, dashed=True)
                self._confidence.series = _series(ids)
            _rescale(self._coherence, top_of(gap))
            _rescale(self._latency, top_of(percentile_95(ms)))
            self._coherence.data = (times, *gap, *std)
            self._confidence.data = (times, *confidence)
            self._latency.data = (times, *ms)

    def _add(
        self, title: str, series: tuple[uplot.Series, ...], top: float = _LEAST_TOP
    ) -> viser.GuiUplotHandle:
        return self._server.gui.add_uplot(
            (np.zeros(1),) * len(series), series, title=title, height=_HEIGHT,
            axes=(uplot.Axis(size=34), uplot.Axis(size=52)), legend=uplot.Legend(show=False),
            scales=_scales(top),
        )  # fmt: skip


def top_of(values: NDArray[np.float64]) -> float:
    """The upper end of an axis: one of 20, 40, 80 ..., so that it rarely changes."""
    known = values[np.isfinite(values)]
    most = max(float(known.max()) if known.size else 0.0, _LEAST_TOP)
    return float(_LEAST_TOP * 2 ** np.ceil(np.log2(most / _LEAST_TOP)))


def percentile_95(ms: NDArray[np.float64]) -> NDArray[np.float64]:
    """95th percentile (...) of times (..., N), without a few long ones such as a first image's."""
    return np.asarray(np.nanpercentile(ms, 95, axis=-1), np.float64)


def per_person(past: list[Estimate], ids: list[int]) -> NDArray[np.float64]:
    """(3, LINES, N): symmetry gap and segment std in mm, mean confidence; NaN where unknown."""
    values = np.full((3, LINES, len(past)), np.nan)
    for column, people in enumerate(each.people for each in past):
        for row, track_id in enumerate(people.track_ids):
            if track_id in ids:
                values[:, ids.index(track_id), column] = (
                    1000 * people.symmetry_gap[row],
                    1000 * people.segment_std[row],
                    people.confidence[row].mean(),
                )
    return values


def _series(ids: list[int], dashed: bool = False) -> tuple[uplot.Series, ...]:
    """Series of the times and of LINES people; with `dashed`, one more for each person."""
    lines = [
        uplot.Series(label=f"#{track_id}", stroke=css(person_colour(track_id)), width=2)
        for track_id in ids
    ] + [uplot.Series(label="", show=False)] * (LINES - len(ids))
    more = [uplot.Series(**line, dash=(4.0, 4.0)) for line in lines] if dashed else []
    return (uplot.Series(label="s"), *lines, *more)


def _rescale(plot: viser.GuiUplotHandle, top: float) -> None:
    scales = _scales(top)
    if plot.scales != scales:
        plot.scales = scales


def _scales(top: float) -> dict[str, uplot.Scale]:
    # Fixed scales: an axis that fits itself to the data fails if it contains NaN for a gap.
    return {
        "x": uplot.Scale(time=False, range=(-SPAN_S, 0.0)),
        "y": uplot.Scale(range=(0.0, _MARGIN * top)),
    }
