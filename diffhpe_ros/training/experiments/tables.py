"""Tables 2 and 4 of the paper, with its figures beside ours."""

from collections.abc import Mapping

from diffhpe_ros.lifting.presets import Preset
from diffhpe_ros.training.experiments.document import markdown_table, millimetres
from diffhpe_ros.training.experiments.recipes import PATTERNS
from diffhpe_ros.training.experiments.workshop import Figures, Workshop

TABLE_2_ROWS: Mapping[str, tuple[str, tuple[float, float, float] | None]] = {
    "diffhpe-wrapper-published": ("DiffHPE-Wrapper, published parameterisation", None),
    "mixste": ("MixSTE", (54.8, 18.2, 5.2)),
    "mixste-longer": ("MixSTE with the Wrapper's compute, too", None),
    "mixste-coherent": ("the same, with the Wrapper's loss of coherence", None),
    "diffhpe-2d": ("DiffHPE-2D", (51.8, 7.0, 2.1)),
    "diffhpe-wrapper": ("DiffHPE-Wrapper", (51.2, 12.4, 3.2)),
}
"""Model → its name in the paper and, of Human3.6M, MPJPE, symmetry gap and segment std in mm."""

PAPER_TABLE_4 = {
    "none": (54.8, 51.2, 51.2),
    "random": (54.5, 60.3, 53.2),
    "leg-and-arm": (54.4, 55.2, 53.0),
    "leg": (55.1, 54.1, 52.6),
    "frames": (55.8, 52.2, 53.5),
}
"""Pattern → MPJPE of MixSTE, the wrapper on a plain MixSTE and on an occlusion-trained one."""


def table_2(workshop: Workshop, sampling: Preset) -> str:
    """MPJPE and coherence of the plain models, with bootstrap intervals over sequences."""
    header = [
        "model", "MPJPE", "95 %", "last frame", "P-MPJPE", "symmetry gap", "segment std",
        "paper, Human3.6M: MPJPE", "symmetry gap", "segment std",
    ]  # fmt: skip
    rows = []
    for name, (title, paper) in TABLE_2_ROWS.items():
        figures = workshop.figures(name, preset=sampling)
        of_paper = [f"{value:.1f}" for value in paper] if paper else ["", "", ""]
        rows.append([title, *_main_figures(figures), *of_paper])
    return markdown_table(header, rows)


def table_4(workshop: Workshop, sampling: Preset) -> str:
    """MPJPE of models that are tested with the occlusion they were trained with."""
    header = [
        "occlusion", "MixSTE", "Wrapper on plain MixSTE", "Wrapper on this MixSTE",
        "paper, Human3.6M: MixSTE", "Wrapper on plain", "Wrapper on occlusion-trained",
    ]  # fmt: skip
    rows = []
    for pattern in ("none", *PATTERNS):
        values = [
            millimetres(workshop.figures(name, pattern, sampling), "mpjpe_mm")
            for name in table_4_models(pattern)
        ]
        rows.append([pattern, *values, *(f"{value:.1f}" for value in PAPER_TABLE_4[pattern])])
    return markdown_table(header, rows)


def table_4_models(pattern: str) -> tuple[str, str, str]:
    """The models of a row."""
    if pattern == "none":
        return "mixste", "diffhpe-wrapper", "diffhpe-wrapper"
    wrapper = f"diffhpe-wrapper-{pattern}"
    return f"mixste-{pattern}", f"{wrapper}-on-plain", wrapper


def _main_figures(figures: Figures | None) -> list[str]:
    names = ("mpjpe_last_frame_mm", "p_mpjpe_mm", "symmetry_gap_mm", "segment_std_mm")
    # Missing where there are no two sequences.
    interval = figures["intervals"].get("mpjpe_mm") if figures else None
    return [
        millimetres(figures, "mpjpe_mm"),
        f"{interval[0]:.1f}-{interval[1]:.1f}" if interval else "",
        *(millimetres(figures, name) for name in names),
    ]
