"""Coverage of the covariance ellipsoids of the package's models."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from tqdm import tqdm

from diffhpe_ros.lifting import DEFAULT_MODEL, Lifter
from diffhpe_ros.lifting.batched import BATCH
from diffhpe_ros.skeleton import JOINTS
from diffhpe_ros.training.calibration.coverage import nominal, shares, squared_sigmas
from diffhpe_ros.training.datasets.labelled_windows import LabelledWindows
from diffhpe_ros.training.evaluation.evaluation_data import occluded
from diffhpe_ros.training.experiments.cache import OCCLUSION_SEED, ExperimentCache
from diffhpe_ros.training.experiments.document import NOT_RUN, markdown_table, write_csv

MODELS = (
    DEFAULT_MODEL, "diffhpe-wrapper", "diffpose", "diffhpe-2d", "mixste-robust", "mixste",
)  # fmt: skip
OCCLUSION = "all"
SIGMAS = tuple(np.linspace(0.25, 3.5, 14).round(2).tolist())
TABLE_SIGMAS = (1.0, 2.0)
"""Sigmas of the tables."""
LAGS = (0, 1, 2, 3, 6, 13)
"""Frames from a window's newest frame back to the measured one."""


@dataclass(frozen=True)
class CalibrationMeasurement:
    """Mahalanobis distances of true joints."""

    squared: NDArray[np.float64]
    """(N, L, 16), squared, without the root."""
    seen: NDArray[np.bool_]
    """(N, L, 16)."""

    def parts(self) -> dict[str, NDArray[np.float64]]:
        """Name → squared distances (n,) of a subset of the joints."""
        parts = {
            "all": self.squared,
            "last frame": self.squared[:, -1],
            "unseen": self.squared[~self.seen],
            "unseen in the last frame": self.squared[:, -1][~self.seen[:, -1]],
        }
        return {name: part.ravel() for name, part in parts.items() if part.size}


def calibration_section(cache: ExperimentCache, document: Path) -> str:
    """Draw the curves, write all shares as CSV, and list those of the default model."""
    found: dict[str, CalibrationMeasurement] = {}
    for name in MODELS:
        folder = cache.models.folder(name)
        if folder is not None:
            lifter = Lifter.from_pretrained(str(folder), cache.device)
            hidden = occluded(cache.windows, OCCLUSION, OCCLUSION_SEED)
            found[name] = _measure(lifter, cache.windows)
            found[f"{name}, occluded"] = _measure(lifter, hidden)
    if not found:
        return NOT_RUN
    draw(
        {title: each.squared.ravel() for title, each in found.items()},
        document.parent / "images" / "calibration.png",
    )
    header = ["model", "joints", "within 1 sigma, %", "within 2 sigma, %"]
    write_csv(document.parent / "calibration.csv", header, _by_part(found))
    default = {
        title: each for title, each in found.items() if title.partition(",")[0] == DEFAULT_MODEL
    }
    return "\n\n".join(
        [
            "![Share of true joints in the ellipsoids](images/calibration.png)",
            markdown_table(header, _by_part(default)),
            "All models: [calibration.csv](calibration.csv)",
            f"`{DEFAULT_MODEL}` by lag, in frames behind the newest one:",
            _by_lag(found[DEFAULT_MODEL], found[f"{DEFAULT_MODEL}, occluded"]),
            f"`{DEFAULT_MODEL}` by joint, nothing hidden:",
            _by_joint(found[DEFAULT_MODEL]),
        ]
    )


def draw(curves: Mapping[str, NDArray[np.float64]], file: Path) -> None:
    """Draw measured against nominal shares into a PNG."""
    figure = Figure(figsize=(7, 6.5), layout="constrained")
    axes = figure.subplots()
    expected = [100 * nominal(sigma) for sigma in SIGMAS]
    axes.fill_between([0, 100], [-5, 95], [5, 105], color="0.9", label="within 5 points of nominal")
    axes.plot([0, 100], [0, 100], color="0.5", lw=1)
    colours: dict[str, str] = {}
    for title, squared in curves.items():
        name, _, hidden = title.partition(",")
        colours.setdefault(name, f"C{len(colours)}")
        line = "--" if hidden else "-"
        percent = [100 * share for share in shares(squared, SIGMAS)]
        axes.plot(expected, percent, line, color=colours[name], ms=3, marker="o", label=title)
    for sigma in (1, 2, 3):
        axes.axvline(100 * nominal(sigma), color="0.7", lw=0.8, ls=":")
        axes.text(100 * nominal(sigma) + 0.5, 1, f"{sigma} sigma", fontsize=8)
    axes.set(xlim=(0, 100), ylim=(0, 100))
    axes.set_xlabel("share of joints that should be within the ellipsoid, %")
    axes.set_ylabel("share that is, %")
    axes.legend(fontsize=8, loc="upper left")
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=90)


def _measure(lifter: Lifter, windows: LabelledWindows) -> CalibrationMeasurement:
    squared = []
    for begin in tqdm(range(0, len(windows), BATCH), desc="lifting", unit="batch"):
        rows = slice(begin, begin + BATCH)
        result = lifter.lift(windows.x_2d[rows])
        errors = result.poses - windows.poses[rows]
        squared.append(squared_sigmas(errors[:, :, 1:], result.covariance[:, :, 1:]))
    return CalibrationMeasurement(np.concatenate(squared), (windows.x_2d != 0).any(-1)[:, :, 1:])


def _by_part(found: Mapping[str, CalibrationMeasurement]) -> list[list[str]]:
    rows = [["should be", "", *(f"{100 * nominal(sigma):.1f}" for sigma in TABLE_SIGMAS)]]
    for title, measured in found.items():
        rows += [
            [title, part, *(f"{100 * share:.1f}" for share in shares(squared, TABLE_SIGMAS))]
            for part, squared in measured.parts().items()
        ]
    return rows


def _by_lag(shown: CalibrationMeasurement, hidden: CalibrationMeasurement) -> str:
    header = ["lag"]
    header += [f"{what}within {s:g} sigma, %" for what in ("", "occluded, ") for s in TABLE_SIGMAS]
    rows = [
        [
            str(lag),
            *(
                f"{100 * share:.1f}"
                for measured in (shown, hidden)
                for share in shares(measured.squared[:, -1 - lag], TABLE_SIGMAS)
            ),
        ]
        for lag in LAGS
    ]
    return markdown_table(header, rows)


def _by_joint(measured: CalibrationMeasurement) -> str:
    rows = [
        [
            name,
            *(f"{100 * share:.1f}" for share in shares(measured.squared[..., joint], TABLE_SIGMAS)),
        ]
        for joint, name in enumerate(JOINTS[1:])
    ]
    return markdown_table(["joint", "within 1 sigma, %", "within 2 sigma, %"], rows)
