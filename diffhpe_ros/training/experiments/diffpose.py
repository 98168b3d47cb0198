"""DiffPose beside the others, and what its parts do: how it starts, its context, its sampling."""

from functools import partial

import numpy as np
import torch

from diffhpe_ros.benchmark.times import median_ms
from diffhpe_ros.lifting import Lifter
from diffhpe_ros.lifting.pipeline.presets import Preset
from diffhpe_ros.training.experiments.cache import OCCLUSION_SEED, ExperimentCache
from diffhpe_ros.training.experiments.document import NOT_RUN, markdown_table, millimetres
from diffhpe_ros.training.experiments.recipes import INDETERMINATE, PATTERNS
from diffhpe_ros.training.synthesis.occlusions import occlude, occlusion

FLIPPED = Preset("ddim", 1, 2, augmentation="flip")
COMPARED: tuple[tuple[str, str, Preset | None], ...] = (
    ("MixSTE", "mixste", None),
    ("MixSTE, flipped", "mixste", FLIPPED),
    ("MixSTE tuned to occlusions: the encoder", "mixste-robust", None),
    ("the encoder, flipped", "mixste-robust", FLIPPED),
    ("DiffHPE-2D", "diffhpe-2d", None),
    ("DiffHPE-Wrapper, flipped", "diffhpe-wrapper", None),
    ("DiffHPE-Wrapper tuned to occlusions", "diffhpe-wrapper-robust", None),
    ("the same, flipped", "diffhpe-wrapper-robust", FLIPPED),
    ("DiffPose, flipped", "diffpose", None),
)
"""Title, shipped model, and how it is sampled; None is as its own configuration says."""
FIGURES = {
    "mpjpe_mm": "MPJPE",
    "mpjpe_last_frame_mm": "last frame",
    "n_mpjpe_mm": "N-MPJPE",
    "p_mpjpe_mm": "P-MPJPE",
    "symmetry_gap_mm": "symmetry gap",
    "segment_std_mm": "segment std",
}
SAMPLED = (
    *(Preset("ddim", steps, 4, augmentation="flip") for steps in (1, 2, 3, 5, 10, 50)),
    *(Preset("ddim", 3, many, augmentation="flip") for many in (2, 10, 20)),
)
STARTS = {
    "diffpose-mixture": "mixtures by joint, visibility and side of the parent",
    "diffpose-gaussian": "a plain Gaussian round the encoder's pose",
    "diffpose-noise": "pure noise",
    "diffpose-no-context": "mixtures, without the encoder's features",
}
FEW_AND_MANY = tuple(Preset("ddim", steps, 4, augmentation="flip") for steps in (1, 5))
MANY = Preset("ddim", 3, 20, augmentation="flip")
"""Enough hypotheses for their spread to be told."""
SPREAD_EVERY = 8
"""Windows whose spread is measured."""
REPEATS = 5

assert set(STARTS) == set(INDETERMINATE)


def comparison(workshop: ExperimentCache) -> str:
    """The models beside each other, then under each pattern, and what DiffPose is unsure of."""
    rows, occluded = [], []
    for title, name, preset in COMPARED:
        plain, *hidden = (workshop.figures(name, each, preset) for each in ("none", *PATTERNS))
        main = (millimetres(plain, each) for each in FIGURES)
        rows.append([title, *main, _ms(workshop, name, preset)])
        occluded.append([title, *(millimetres(each, "mpjpe_mm") for each in (plain, *hidden))])
    return "\n\n".join(
        [
            markdown_table(["model", *FIGURES.values(), "ms"], rows),
            markdown_table(["MPJPE under", "none", *PATTERNS], occluded),
            _spread_table(workshop),
        ]
    )


def choices(workshop: ExperimentCache) -> str:
    """Steps and hypotheses of the trained model; short trainings that differ in one part."""
    sampled = []
    for preset in SAMPLED:
        figures = workshop.figures("diffpose", preset=preset)
        how = [f"{preset.steps} x {preset.hypotheses}", _ms(workshop, "diffpose", preset)]
        sampled.append([*how, *(millimetres(figures, each) for each in FIGURES)])
    rows = []
    for name, title in STARTS.items():
        few, many = (workshop.figures(name, "random", each) for each in FEW_AND_MANY)
        seen, hidden = _spread(workshop, name, "random") or (None, None)
        spread = [NOT_RUN if each is None else f"{each[1]:.0f}" for each in (seen, hidden)]
        errors = [millimetres(each, "mpjpe_mm") for each in (few, many)]
        rows.append([title, *errors, *spread])
    starts = ["start", "1 x 4", "5 x 4", "spread of seen joints", "of hidden joints"]
    return "\n\n".join(
        [
            markdown_table(["DDIM", "ms", *FIGURES.values()], sampled),
            markdown_table(starts, rows),
        ]
    )


def _spread_table(workshop: ExperimentCache) -> str:
    rows = []
    for pattern in PATTERNS:
        found = _spread(workshop, "diffpose", pattern)
        numbers = [f"{value:.0f}" for each in found for value in each] if found else [NOT_RUN] * 4
        rows.append([pattern, *numbers])
    header = ["DiffPose", "error of seen joints", "spread", "error of hidden joints", "spread"]
    return markdown_table(header, rows)


def _spread(
    workshop: ExperimentCache, name: str, pattern: str
) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """Error and spread of seen joints, and of hidden ones, mm, of some windows; None if not run.

    The spread is the root of the hypotheses' mean squared distance from their mean.
    """
    folder = workshop.models.folder(name)
    if folder is None:
        return None
    windows = workshop.windows.every(SPREAD_EVERY)
    generator = torch.Generator().manual_seed(OCCLUSION_SEED)
    x_2d = occlude(torch.from_numpy(windows.x_2d), occlusion(pattern, released=True), generator)
    lifter = Lifter.from_pretrained(str(folder), workshop.device, **vars(MANY))
    result = lifter.lift(x_2d.numpy())
    apart = result.hypotheses - result.poses[:, None]
    spread = 1000 * np.sqrt((apart**2).sum(-1).mean(1))
    errors = 1000 * np.linalg.norm(result.poses - windows.poses, axis=-1)
    is_seen = (x_2d != 0).any(-1).numpy()
    seen, hidden = (
        (float(errors[which].mean()), float(spread[which].mean())) for which in (is_seen, ~is_seen)
    )
    return seen, hidden


def _ms(workshop: ExperimentCache, name: str, preset: Preset | None = None) -> str:
    """To lift one window."""
    folder = workshop.models.folder(name)
    if folder is None:
        return NOT_RUN
    how = {} if preset is None else vars(preset)
    lifter = Lifter.from_pretrained(str(folder), workshop.device, **how)
    return f"{median_ms([partial(lifter.lift, workshop.windows.x_2d[:1])], REPEATS)[0]:.0f}"
