"""Tables 2 and 4 of the paper, with its values next to ours."""

from dataclasses import dataclass, replace

from diffhpe_ros.lifting.pipeline.presets import Preset
from diffhpe_ros.training.experiments.cache import ExperimentCache, FigureValues
from diffhpe_ros.training.experiments.document import markdown_table, millimetres
from diffhpe_ros.training.experiments.recipes import PATTERNS


@dataclass(frozen=True)
class TableRow:
    """A row of Table 2."""

    title: str
    model: str
    """Its recipe."""
    paper: tuple[float, float, float] | None = None
    """The paper's values on Human3.6M: MPJPE, symmetry gap and segment std, mm."""
    flipped: bool = False
    """Whether the row uses test-time augmentation, which the paper does not use."""


TABLE_2_ROWS = (
    TableRow("DiffHPE-Wrapper, published parameterisation", "diffhpe-wrapper-published"),
    TableRow("MixSTE", "mixste", (54.8, 18.2, 5.2)),
    TableRow("MixSTE, trained for longer", "mixste-longer"),
    TableRow("MixSTE, trained for longer with the Wrapper's loss of coherence", "mixste-coherent"),
    TableRow("DiffHPE-2D", "diffhpe-2d", (51.8, 7.0, 2.1)),
    TableRow("DiffHPE-Wrapper", "diffhpe-wrapper", (51.2, 12.4, 3.2)),
    TableRow("MixSTE, flipped", "mixste", flipped=True),
    TableRow("DiffHPE-Wrapper, flipped", "diffhpe-wrapper", flipped=True),
)

PAPER_TABLE_4 = {
    "none": (54.8, 51.2, 51.2),
    "random": (54.5, 60.3, 53.2),
    "leg-and-arm": (54.4, 55.2, 53.0),
    "leg": (55.1, 54.1, 52.6),
    "frames": (55.8, 52.2, 53.5),
}
"""Pattern → MPJPE of MixSTE, and of the wrapper with a plain and an occlusion-trained MixSTE."""


def table_2(cache: ExperimentCache, sampling: Preset) -> str:
    """MPJPE and coherence of the plain models, with bootstrap intervals over sequences."""
    header = [
        "model", "MPJPE", "95 %", "last frame", "N-MPJPE", "P-MPJPE", "bones too long by",
        "symmetry gap", "segment std", "paper, Human3.6M: MPJPE", "symmetry gap", "segment std",
    ]  # fmt: skip
    # An even number of hypotheses can be divided between a window and its mirror image.
    flipped = replace(sampling, augmentation="flip", hypotheses=sampling.hypotheses // 2 * 2 or 2)
    rows = []
    for row in TABLE_2_ROWS:
        figures = cache.figures(row.model, preset=flipped if row.flipped else sampling)
        of_paper = [f"{value:.1f}" for value in row.paper] if row.paper else ["", "", ""]
        rows.append([row.title, *_main_figures(figures), *of_paper])
    return markdown_table(header, rows)


def table_4(cache: ExperimentCache, sampling: Preset) -> str:
    """MPJPE of models that are tested with the occlusions they were trained with."""
    header = [
        "occlusion", "MixSTE", "Wrapper on plain MixSTE", "Wrapper on this MixSTE",
        "paper, Human3.6M: MixSTE", "Wrapper on plain", "Wrapper on occlusion-trained",
    ]  # fmt: skip
    rows = []
    for pattern in ("none", *PATTERNS):
        values = [
            millimetres(cache.figures(name, pattern, sampling), "mpjpe_mm")
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


def _main_figures(figures: FigureValues | None) -> list[str]:
    names = (
        "mpjpe_last_frame_mm", "n_mpjpe_mm", "p_mpjpe_mm", "bone_bias_mm",
        "symmetry_gap_mm", "segment_std_mm",
    )  # fmt: skip
    # Missing with fewer than two sequences.
    interval = figures["intervals"].get("mpjpe_mm") if figures else None
    return [
        millimetres(figures, "mpjpe_mm"),
        f"{interval[0]:.1f}-{interval[1]:.1f}" if interval else "",
        *(millimetres(figures, name) for name in names),
    ]
