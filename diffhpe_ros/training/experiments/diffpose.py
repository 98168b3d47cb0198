"""DiffPose beside the others, and what its parts do: how it starts, its context, its sampling."""

from functools import partial

import numpy as np
import torch

from diffhpe_ros.benchmark.times import median_ms
from diffhpe_ros.lifting import Lifter
from diffhpe_ros.lifting.presets import Preset
from diffhpe_ros.training.experiments.document import NOT_RUN, markdown_table, millimetres
from diffhpe_ros.training.experiments.recipes import INDETERMINATE, PATTERNS
from diffhpe_ros.training.experiments.workshop import OCCLUSION_SEED, Workshop
from diffhpe_ros.training.occlusions import occlude, occlusion

COMPARED = {
    "mixste": "MixSTE",
    "mixste-all": "MixSTE tuned to occlusions: the encoder",
    "diffhpe-2d": "DiffHPE-2D",
    "diffhpe-wrapper": "DiffHPE-Wrapper",
    "diffhpe-wrapper-all": "DiffHPE-Wrapper tuned to occlusions",
    "diffpose": "DiffPose",
}
"""Each is sampled as its own configuration says."""
FIGURES = {
    "mpjpe_mm": "MPJPE",
    "mpjpe_last_frame_mm": "last frame",
    "p_mpjpe_mm": "P-MPJPE",
    "symmetry_gap_mm": "symmetry gap",
    "segment_std_mm": "segment std",
}
SAMPLED = (
    *(Preset("ddim", steps, 5) for steps in (1, 2, 3, 5, 10, 50)),
    *(Preset("ddim", 3, many) for many in (1, 10, 20)),
)
STARTS = {
    "diffpose-mixture": "mixtures by joint, visibility and side of the parent",
    "diffpose-gaussian": "a plain Gaussian round the encoder's pose",
    "diffpose-noise": "pure noise",
    "diffpose-no-context": "mixtures, without the encoder's features",
}
MANY = Preset("ddim", 3, 20)
"""Enough hypotheses for their spread to be told."""
SPREAD_EVERY = 8
"""Windows whose spread is measured."""
REPEATS = 5

assert set(STARTS) == set(INDETERMINATE)


def comparison(workshop: Workshop) -> str:
    """The models beside each other, then under each pattern, and what DiffPose is unsure of."""
    rows, occluded = [], []
    for name, title in COMPARED.items():
        figures = workshop.figures(name)
        rows.append([title, *(millimetres(figures, each) for each in FIGURES), _ms(workshop, name)])
        of_patterns = (workshop.figures(name, pattern) for pattern in ("none", *PATTERNS))
        occluded.append([title, *(millimetres(each, "mpjpe_mm") for each in of_patterns)])
    return "\n\n".join(
        [
            markdown_table(["model", *FIGURES.values(), "ms"], rows),
            markdown_table(["MPJPE under", "none", *PATTERNS], occluded),
            _spread_table(workshop),
        ]
    )


def choices(workshop: Workshop) -> str:
    """Steps and hypotheses of the trained model; short trainings that differ in one part."""
    sampled = []
    for preset in SAMPLED:
        figures = workshop.figures("diffpose", preset=preset)
        how = [f"{preset.steps} x {preset.hypotheses}", _ms(workshop, "diffpose", preset)]
        sampled.append([*how, *(millimetres(figures, each) for each in FIGURES)])
    rows = []
    for name, title in STARTS.items():
        few, many = (workshop.figures(name, "random", Preset("ddim", steps, 5)) for steps in (1, 5))
        seen, hidden = _spread(workshop, name, "random") or (None, None)
        spread = [NOT_RUN if each is None else f"{each[1]:.0f}" for each in (seen, hidden)]
        errors = [millimetres(each, "mpjpe_mm") for each in (few, many)]
        rows.append([title, *errors, *spread])
    starts = ["start", "1 x 5", "5 x 5", "spread of seen joints", "of hidden joints"]
    return "\n\n".join(
        [
            markdown_table(["DDIM", "ms", *FIGURES.values()], sampled),
            markdown_table(starts, rows),
        ]
    )


def _spread_table(workshop: Workshop) -> str:
    rows = []
    for pattern in PATTERNS:
        found = _spread(workshop, "diffpose", pattern)
        numbers = [f"{value:.0f}" for each in found for value in each] if found else [NOT_RUN] * 4
        rows.append([pattern, *numbers])
    header = ["DiffPose", "error of seen joints", "spread", "error of hidden joints", "spread"]
    return markdown_table(header, rows)


def _spread(
    workshop: Workshop, name: str, pattern: str
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


def _ms(workshop: Workshop, name: str, preset: Preset | None = None) -> str:
    """To lift one window."""
    folder = workshop.models.folder(name)
    if folder is None:
        return NOT_RUN
    how = {} if preset is None else vars(preset)
    lifter = Lifter.from_pretrained(str(folder), workshop.device, **how)
    return f"{median_ms([partial(lifter.lift, workshop.windows.x_2d[:1])], REPEATS)[0]:.0f}"
