"""Comparison of DiffPose with the other models, and of its variants."""

from functools import partial

import numpy as np
import torch

from diffhpe_ros.benchmark.times import median_ms
from diffhpe_ros.lifting import Lifter
from diffhpe_ros.lifting.pipeline.presets import Preset
from diffhpe_ros.training.experiments.cache import OCCLUSION_SEED, ExperimentCache
from diffhpe_ros.training.experiments.document import NOT_RUN, markdown_table, millimetres
from diffhpe_ros.training.experiments.recipes import INIT_DISTRIBUTIONS, PATTERNS
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
"""Title, model, and sampling; None means the model's own preset."""
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
INITIALIZATIONS = {
    "diffpose-mixture": "mixtures by joint, visibility and side of the parent",
    "diffpose-gaussian": "a plain Gaussian round the encoder's pose",
    "diffpose-noise": "pure noise",
    "diffpose-no-context": "mixtures, without the encoder's features",
}
FEW_AND_MANY = tuple(Preset("ddim", steps, 4, augmentation="flip") for steps in (1, 5))
MANY = Preset("ddim", 3, 20, augmentation="flip")
"""Enough hypotheses to measure their spread."""
SPREAD_EVERY = 8
"""Every eighth window is used for the spread."""
REPEATS = 5

assert set(INITIALIZATIONS) == set(INIT_DISTRIBUTIONS)


def comparison(cache: ExperimentCache) -> str:
    """All models, without and with occlusions, and the spread of DiffPose's hypotheses."""
    rows, occluded = [], []
    for title, name, preset in COMPARED:
        plain, *hidden = (cache.figures(name, each, preset) for each in ("none", *PATTERNS))
        main = (millimetres(plain, each) for each in FIGURES)
        rows.append([title, *main, _ms(cache, name, preset)])
        occluded.append([title, *(millimetres(each, "mpjpe_mm") for each in (plain, *hidden))])
    return "\n\n".join(
        [
            markdown_table(["model", *FIGURES.values(), "ms"], rows),
            markdown_table(["MPJPE under", "none", *PATTERNS], occluded),
            _spread_table(cache),
        ]
    )


def choices(cache: ExperimentCache) -> str:
    """Steps and hypotheses of the trained model, and short trainings of its variants."""
    sampled = []
    for preset in SAMPLED:
        figures = cache.figures("diffpose", preset=preset)
        how = [f"{preset.steps} x {preset.hypotheses}", _ms(cache, "diffpose", preset)]
        sampled.append([*how, *(millimetres(figures, each) for each in FIGURES)])
    rows = []
    for name, title in INITIALIZATIONS.items():
        few, many = (cache.figures(name, "random", each) for each in FEW_AND_MANY)
        seen, hidden = _spread(cache, name, "random") or (None, None)
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


def _spread_table(cache: ExperimentCache) -> str:
    rows = []
    for pattern in PATTERNS:
        found = _spread(cache, "diffpose", pattern)
        numbers = [f"{value:.0f}" for each in found for value in each] if found else [NOT_RUN] * 4
        rows.append([pattern, *numbers])
    header = ["DiffPose", "error of seen joints", "spread", "error of hidden joints", "spread"]
    return markdown_table(header, rows)


def _spread(
    cache: ExperimentCache, name: str, pattern: str
) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """Error and spread, mm, of visible and of occluded joints; None if they were not run.

    The spread is the root of the hypotheses' mean squared distance from their mean.
    """
    folder = cache.models.folder(name)
    if folder is None:
        return None
    windows = cache.windows.every(SPREAD_EVERY)
    generator = torch.Generator().manual_seed(OCCLUSION_SEED)
    x_2d = occlude(torch.from_numpy(windows.x_2d), occlusion(pattern, released=True), generator)
    lifter = Lifter.from_pretrained(str(folder), cache.device, **vars(MANY))
    result = lifter.lift(x_2d.numpy())
    apart = result.hypotheses - result.poses[:, None]
    spread = 1000 * np.sqrt((apart**2).sum(-1).mean(1))
    errors = 1000 * np.linalg.norm(result.poses - windows.poses, axis=-1)
    is_seen = (x_2d != 0).any(-1).numpy()
    seen, hidden = (
        (float(errors[which].mean()), float(spread[which].mean())) for which in (is_seen, ~is_seen)
    )
    return seen, hidden


def _ms(cache: ExperimentCache, name: str, preset: Preset | None = None) -> str:
    """Milliseconds to lift one window."""
    folder = cache.models.folder(name)
    if folder is None:
        return NOT_RUN
    how = {} if preset is None else vars(preset)
    lifter = Lifter.from_pretrained(str(folder), cache.device, **how)
    return f"{median_ms([partial(lifter.lift, cache.windows.x_2d[:1])], REPEATS)[0]:.0f}"
