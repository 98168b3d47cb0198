"""Metrics as text for the terminal."""

from collections.abc import Iterable, Sequence

from diffhpe_ros.training.evaluation.breakdown import Breakdown
from diffhpe_ros.training.evaluation.figures import Figures

TITLES = {
    "mpjpe_mm": "MPJPE, mm",
    "p_mpjpe_mm": "P-MPJPE, mm",
    "n_mpjpe_mm": "N-MPJPE, mm",
    "mpjpe_last_frame_mm": "MPJPE of the last frame, mm",
    "velocity_mm_per_frame": "velocity error, mm/frame",
    "acceleration_mm_per_frame2": "acceleration error, mm/frame²",
    "symmetry_gap_mm": "symmetry gap, mm",
    "segment_std_mm": "segment std, mm",
    "bone_bias_mm": "bones too long by, mm",
    "symmetry_gap_released_mm": "symmetry gap as released, mm",
    "segment_std_released_mm": "segment std as released, mm",
}


def lines(figures: Figures) -> list[str]:
    """The main metrics with their intervals, then the breakdowns."""
    text = [f"{figures.windows} windows of {figures.sequences or 'unnamed'} sequences", ""]
    text += _main(figures)
    for title, rows in (
        ("joint", figures.by_joint),
        ("action or sequence", figures.by_action),
        ("degrees off the optical axis", figures.by_angle),
        ("metres from the camera", figures.by_distance),
        ("frame of the window", figures.by_frame),
    ):
        if rows:
            text += ["", *_breakdown(title, rows)]
    return text


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table: first column aligned left, others right."""
    cells = [header, *rows]
    widths = [max(len(cell) for cell in column) for column in zip(*cells, strict=True)]
    return [
        "  ".join(
            [row[0].ljust(widths[0])]
            + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        ).rstrip()
        for row in cells
    ]


def _main(figures: Figures) -> list[str]:
    rows = []
    for name, value in figures.means().items():
        interval = figures.intervals.get(name)
        between = f"{interval[0]:.1f} to {interval[1]:.1f}" if interval else "-"
        rows.append((TITLES.get(name, name), f"{value:.1f}", between))
    return table(("figure", "mean", "95 % interval"), rows)


def _breakdown(title: str, breakdown: Breakdown) -> list[str]:
    return table(
        (title, "MPJPE", "P-MPJPE", "poses"),
        (
            (name, f"{row.mpjpe_mm:.1f}", f"{row.p_mpjpe_mm:.1f}", str(row.poses))
            for name, row in breakdown.items()
        ),
    )
