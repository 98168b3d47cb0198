"""Figures 3-5 of the paper: training pattern against test pattern, as heat maps."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from diffhpe_ros.lifting.pipeline.presets import Preset
from diffhpe_ros.training.experiments.cache import ExperimentCache
from diffhpe_ros.training.experiments.document import NOT_RUN
from diffhpe_ros.training.experiments.recipes import PATTERNS

TRAINED_AND_TESTED = ("none", *PATTERNS)

FIGURES = {
    "figure-3": ("mpjpe_mm", "MPJPE, mm"),
    "figure-4": ("symmetry_gap_mm", "symmetry gap, mm"),
    "figure-5": ("segment_std_mm", "segment std, mm"),
}
"""Figure → what it shows."""

Matrix = NDArray[np.float64]
"""(5, 5): a row for each training pattern, a column for each test pattern; NaN where not run."""


def matrix(cache: ExperimentCache, model: str, figure: str, sampling: Preset) -> Matrix:
    """One figure of a model's five variants on the five patterns."""

    def value(trained: str, tested: str) -> float:
        figures = cache.figures(_variant(model, trained), tested, sampling)
        return float("nan") if figures is None else figures[figure]

    return np.array(
        [
            [value(trained, tested) for tested in TRAINED_AND_TESTED]
            for trained in TRAINED_AND_TESTED
        ]
    )


def draw(mixste: Matrix, wrapper: Matrix, title: str, file: Path) -> None:
    """Draw MixSTE's matrix, the wrapper's, and their difference, into a PNG."""
    figure = Figure(figsize=(13, 4.4), layout="constrained")
    left, middle, right = figure.subplots(1, 3, sharey=True)
    low = np.nanmin([mixste, wrapper])
    high = np.nanmax([mixste, wrapper])
    for axes, values, name in (
        (left, mixste, "MixSTE"),
        (middle, wrapper, "DiffHPE-Wrapper"),
    ):
        _heat_map(axes, values, name, "viridis_r", low, high)
    difference = wrapper - mixste
    extent = np.nanmax(abs(difference))
    _heat_map(right, difference, "Wrapper - MixSTE", "RdBu_r", -extent, extent)
    left.set_ylabel("trained with")
    figure.suptitle(title)
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=90)


def _variant(model: str, pattern: str) -> str:
    return model if pattern == "none" else f"{model}-{pattern}"


def _heat_map(
    axes: Axes, values: Matrix, title: str, colours: str, low: float, high: float
) -> None:
    image = axes.imshow(values, cmap=colours, vmin=low, vmax=high)
    brightness = image.to_rgba(values)[..., :3] @ (0.3, 0.59, 0.11)
    for (row, column), value in np.ndenumerate(values):
        axes.text(
            column, row, NOT_RUN if np.isnan(value) else f"{value:.1f}", ha="center", va="center",
            color="white" if brightness[row, column] < 0.5 else "black",
        )  # fmt: skip
    ticks = range(len(TRAINED_AND_TESTED))
    axes.set_xticks(ticks, TRAINED_AND_TESTED, rotation=30)
    axes.set_yticks(ticks, TRAINED_AND_TESTED)
    axes.set_xlabel("tested with")
    axes.set_title(title)
