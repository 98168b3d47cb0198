"""Comparison of aggregations of hypotheses, with free and fixed bone lengths."""

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from diffhpe_ros.lifting import Lifter
from diffhpe_ros.lifting.batched import BATCH
from diffhpe_ros.lifting.pipeline.aggregation import AGGREGATIONS
from diffhpe_ros.lifting.pipeline.bone_lengths import BONE_LENGTH_RULES
from diffhpe_ros.lifting.pipeline.presets import Preset
from diffhpe_ros.training.evaluation.figures import figures_of
from diffhpe_ros.training.experiments.cache import ExperimentCache
from diffhpe_ros.training.experiments.document import NOT_RUN, markdown_table

MODEL = "diffhpe-wrapper"
PRESETS = tuple(Preset("ddim", steps, many) for many in (5, 20) for steps in (1, 2, 5))
COLUMNS = {
    "mpjpe_mm": "MPJPE",
    "mpjpe_last_frame_mm": "last frame",
    "symmetry_gap_mm": "symmetry gap",
    "segment_std_mm": "segment std",
}


def aggregation_table(cache: ExperimentCache) -> str:
    """All aggregations and bone length modes on the same hypotheses."""
    folder = cache.models.folder(MODEL)
    if folder is None:
        return NOT_RUN
    windows = cache.windows
    rows = []
    for preset in PRESETS:
        lifter = Lifter.from_pretrained(str(folder), cache.device, **vars(preset))
        hypotheses = _hypotheses(lifter, windows.x_2d)
        for name, aggregate in AGGREGATIONS.items():
            poses = aggregate(hypotheses, windows.x_2d)
            for decoded, decode in BONE_LENGTH_RULES.items():
                figures = figures_of(decode(poses), windows).to_dict()
                rows.append(
                    [
                        f"{preset.steps} x {preset.hypotheses}, {name}, {decoded}",
                        *(f"{figures[column]:.2f}" for column in COLUMNS),
                    ]
                )
    return markdown_table(["steps x hypotheses", *COLUMNS.values()], rows)


def _hypotheses(lifter: Lifter, x_2d: NDArray[np.float32]) -> NDArray[np.float32]:
    starts = tqdm(range(0, len(x_2d), BATCH), desc="lifting", unit="batch")
    return np.concatenate([lifter.lift(x_2d[k : k + BATCH]).hypotheses for k in starts])
