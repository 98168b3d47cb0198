"""Error against time for samplers, steps and hypotheses."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from matplotlib.figure import Figure

from diffhpe_ros.benchmark.times import median_ms
from diffhpe_ros.lifting import Lifter
from diffhpe_ros.lifting.checkpoints.model_folders import load_with_config
from diffhpe_ros.lifting.pipeline.presets import Preset
from diffhpe_ros.training.experiments.cache import ExperimentCache, FigureValues
from diffhpe_ros.training.experiments.document import NOT_RUN, markdown_table, write_csv

MODEL = "diffhpe-wrapper"
STEPS = (1, 2, 3, 5, 10, 20, 50)
HYPOTHESES = (1, 2, 5, 10, 20)
CURVES: Mapping[str, tuple[Preset, ...]] = {
    "DDIM, 5 hypotheses": tuple(Preset("ddim", steps, 5) for steps in STEPS),
    "DDPM, 5 hypotheses": tuple(Preset("ddpm", steps, 5) for steps in STEPS),
    "DPM-Solver++, 5 hypotheses": tuple(Preset("dpm-solver", steps, 5) for steps in STEPS),
    "DDIM from MixSTE's pose, 5 hypotheses": tuple(
        Preset("ddim", steps, 5, start="backbone") for steps in STEPS[:5]
    ),
    "DDIM, 2 hypotheses, flipped": tuple(
        Preset("ddim", steps, 2, augmentation="flip") for steps in STEPS[:5]
    ),
    "DDIM, 1 step, more hypotheses": tuple(Preset("ddim", 1, many) for many in HYPOTHESES),
    "DDIM, 5 steps, more hypotheses": tuple(Preset("ddim", 5, many) for many in HYPOTHESES),
}
PANELS = {
    "mpjpe_mm": "MPJPE, mm",
    "n_mpjpe_mm": "N-MPJPE, mm",
    "mpjpe_last_frame_mm": "MPJPE of the last frame, mm",
    "symmetry_gap_mm": "symmetry gap, mm",
    "segment_std_mm": "segment std, mm",
}
STEPS_IN_TABLE = (1, 2, 50)
"""The CSV has all points."""
REPEATS = 5


@dataclass(frozen=True)
class SamplingPoint:
    """One sampling."""

    preset: Preset
    ms: float
    """Milliseconds to lift one window."""
    figures: FigureValues


def sampling_section(cache: ExperimentCache, document: Path) -> str:
    """Draw the curves, write their points as CSV, and list some of them."""
    curves = {title: _points(cache, presets) for title, presets in CURVES.items()}
    curves = {title: points for title, points in curves.items() if points}
    if not curves:
        return NOT_RUN
    draw(curves, document.parent / "images" / "sampling.png")
    header = ["sampler", "steps", "hypotheses", "flipped", "ms", *PANELS.values()]
    every = [(point.preset, _row(title, point)) for title in curves for point in curves[title]]
    write_csv(document.parent / "sampling.csv", header, [row for _, row in every])
    listed: dict[Preset, list[str]] = {}  # curves share some presets
    for preset, row in every:
        if preset.steps in STEPS_IN_TABLE:
            listed.setdefault(preset, row)
    return "\n\n".join(
        [
            "![Error against time](images/sampling.png)",
            markdown_table(header, list(listed.values())),
            "All points of the plot: [sampling.csv](sampling.csv)",
        ]
    )


def _row(title: str, point: SamplingPoint) -> list[str]:
    return [
        title.partition(",")[0],
        str(point.preset.steps),
        str(point.preset.hypotheses),
        "yes" if point.preset.augmentation == "flip" else "",
        f"{point.ms:.0f}",
        *(f"{point.figures[name]:.1f}" for name in PANELS),
    ]


def draw(curves: Mapping[str, list[SamplingPoint]], file: Path) -> None:
    """Draw each metric against milliseconds, one line per curve, into a PNG."""
    figure = Figure(figsize=(15, 8), layout="constrained")
    *panels, legend = figure.subplots(2, 3).flat
    for axes, (name, title) in zip(panels, PANELS.items(), strict=True):
        for label, points in curves.items():
            axes.plot(
                [p.ms for p in points], [p.figures[name] for p in points], "o-", ms=4, label=label
            )
        axes.set_xscale("log")
        axes.set_xlabel("ms a window")
        axes.set_ylabel(title)
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)
    legend.axis("off")
    legend.legend(*panels[0].get_legend_handles_labels(), loc="center")
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=90)


def _points(cache: ExperimentCache, presets: tuple[Preset, ...]) -> list[SamplingPoint]:
    points: list[SamplingPoint] = []
    folder = cache.models.folder(MODEL)
    if folder is None:
        return points
    has_backbone = load_with_config(folder)[1].backbone is not None  # only packed models name it
    for preset in presets:
        if preset.start == "backbone" and not has_backbone:
            continue
        figures = cache.figures(MODEL, preset=preset)
        if figures is not None:
            lifter = Lifter.from_pretrained(str(folder), cache.device, **vars(preset))
            ms = median_ms([partial(lifter.lift, cache.windows.x_2d[:1])], REPEATS)[0]
            points.append(SamplingPoint(preset, ms, figures))
    return points
