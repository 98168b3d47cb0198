"""BlazePose's errors on rendered people with known joints: measure, then fit and draw.

python bench/detector_errors.py measure data/mocap/cmu_h36m17_50hz.npz measured.npz
python bench/detector_errors.py fit measured.npz
"""

from itertools import pairwise
from pathlib import Path

import click
import matplotlib
import numpy as np

from diffhpe_ros.training.datasets.mocap import HELD_OUT_SUBJECTS
from diffhpe_ros.training.detector_errors.compare import THRESHOLD, DetectorErrors, relative_errors
from diffhpe_ros.training.detector_errors.fit import autocovariance, find_outliers, fit_statistics
from diffhpe_ros.training.detector_errors.joints import DETECTED_JOINTS, PARTS
from diffhpe_ros.training.detector_errors.measure import (
    FRAMES,
    DetectorMeasurements,
    draw_clips,
    measure,
    read_measured,
)
from diffhpe_ros.training.detector_errors.offsets import fit_offsets
from diffhpe_ros.training.detector_errors.statistics import ErrorStatistics, write_statistics

matplotlib.use("Agg")
import matplotlib.pyplot as plt

ROOT = Path(__file__).resolve().parent.parent
STATISTICS = ROOT / "diffhpe_ros" / "assets" / "blazepose_errors.yaml"
FIGURE = ROOT / "docs" / "images" / "detector_errors.png"
LEG_MM = 850
HEAD = """How BlazePose errs on rendered people whose joints are known: {clips} clips of {frames}
frames at 50 Hz, training subjects only. What each number means: detector_errors/statistics.py.
Written by: python bench/detector_errors.py fit; see docs/detector-errors.md."""


@click.group(help=__doc__)
def main() -> None:
    pass


@main.command("measure")
@click.argument("mocap", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--clips", default=56, show_default=True)
@click.option("--seed", default=0, show_default=True)
def measure_command(mocap: Path, out: Path, clips: int, seed: int) -> None:
    """Render clips, run BlazePose on them, 5 s per clip on one core; Ctrl-C keeps finished ones."""
    measure(draw_clips(mocap, clips, seed, HELD_OUT_SUBJECTS)).save(out)


@main.command("fit")
@click.argument("measured", type=click.Path(path_type=Path))
def fit_command(measured: Path) -> None:
    """Write the statistics and the documentation's figure; print its table."""
    data = read_measured(measured)
    offsets = fit_offsets(data)
    errors = relative_errors(data, offsets)
    statistics = fit_statistics(errors, offsets)
    write_statistics(STATISTICS, statistics, HEAD.format(clips=len(data.subject), frames=FRAMES))
    print_table(errors, statistics)
    draw(data, errors, FIGURE)


def rows_of(part: str) -> list[int]:
    return [DETECTED_JOINTS.index(joint) for joint in PARTS[part]]


def print_table(errors: DetectorErrors, statistics: ErrorStatistics) -> None:
    size = 100 * np.linalg.norm(errors.offset, axis=-1)
    print("| part | bias, mm: forward, outward, up | median | 90 % | 99 % | constant | smooth"
          " | white | outliers | unseen |")  # fmt: skip
    print("| --- " * 10 + "|")
    for name, part in statistics.parts.items():
        own = size[:, :, rows_of(name)]
        bias = ", ".join(f"{LEG_MM * each:.0f}" for each in part.offset)
        levels = " | ".join(f"{np.nanpercentile(own, percent):.1f}" for percent in (50, 90, 99))
        spread = " | ".join(f"{100 * s:.2f}" for s in (part.constant, part.smooth, part.white))
        unseen = 100 * errors.unseen[:, :, rows_of(name)].mean()
        print(f"| {name} | {bias} | {levels} | {spread} | {100 * part.outlier_share:.1f}"
              f" | {unseen:.1f} |")  # fmt: skip


def draw(data: DetectorMeasurements, errors: DetectorErrors, path: Path) -> None:
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(13, 3.8), layout="constrained")
    size = 100 * np.linalg.norm(errors.offset, axis=-1)
    steady = np.where(find_outliers(errors)[0][..., None], np.nan, errors.offset)
    for part in PARTS:
        sorted_size = np.sort(size[:, :, rows_of(part)], axis=None)
        left.semilogx(sorted_size, np.linspace(0, 100, len(sorted_size)), label=part)
        lags = autocovariance(steady[:, :, rows_of(part)])
        middle.plot(1000 / 50 * np.arange(len(lags)), lags / lags[0], label=part)
    left.set(xlim=(0.2, 40), xlabel="error, % of the person's size", ylabel="% of joints below")
    left.legend(fontsize=7)
    middle.set(
        ylim=(0, 1), xlabel="time apart, ms", ylabel="correlation of the errors, no outliers"
    )
    edges = np.array([0, 0.5, 1, 2, 4, 8, 16, 100])
    hidden, low = data.hidden[:, :, list(DETECTED_JOINTS)], errors.unseen
    for label, these in (("in view", ~hidden), ("behind the body", hidden)):
        bins = [these & (size >= a) & (size < b) for a, b in pairwise(edges)]
        right.plot([100 * low[each].mean() for each in bins], "o-", label=label)
    names = [f"{a:g}-{b:g}" for a, b in pairwise(edges)]
    right.set_xticks(range(len(names)), [*names[:-1], "16-"])
    right.set(xlabel="error, % of the person's size", ylabel=f"% with confidence < {THRESHOLD}")
    right.legend()
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
