"""`diffhpe reproduce`: train, measure, and write a table or figure into docs/results/."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting.pipeline.presets import Preset
from diffhpe_ros.training.experiments import diffpose, heatmaps
from diffhpe_ros.training.experiments.aggregations import aggregation_table
from diffhpe_ros.training.experiments.cache import ExperimentCache
from diffhpe_ros.training.experiments.calibration import calibration_section
from diffhpe_ros.training.experiments.document import NOT_RUN, section, write_section
from diffhpe_ros.training.experiments.parameterisations import parameterisation_table
from diffhpe_ros.training.experiments.sampling import sampling_section
from diffhpe_ros.training.experiments.tables import table_2, table_4

Section = Callable[[ExperimentCache, Preset, Path], str]
"""Creates an experiment's Markdown, with images and CSV files in the document's folder."""


def _figures(cache: ExperimentCache, sampling: Preset, document: Path) -> str:
    lines = []
    for name, (figure, title) in heatmaps.FIGURES.items():
        mixste, wrapper = (
            heatmaps.matrix(cache, model, figure, sampling)
            for model in ("mixste", "diffhpe-wrapper")
        )
        if np.isnan(mixste).all() or np.isnan(wrapper).all():
            return NOT_RUN
        heatmaps.draw(mixste, wrapper, title, document.parent / "images" / f"{name}.png")
        lines.append(f"![{title}](images/{name}.png)")
    return "\n\n".join(lines)


EXPERIMENTS: Mapping[str, Section] = {
    "table-2": lambda cache, sampling, _: table_2(cache, sampling),
    "table-4": lambda cache, sampling, _: table_4(cache, sampling),
    "figures": _figures,
    "parameterisations": lambda cache, *_: parameterisation_table(cache),
    "sampling": lambda cache, _, document: sampling_section(cache, document),
    "diffpose": lambda cache, *_: diffpose.comparison(cache),
    "diffpose-choices": lambda cache, *_: diffpose.choices(cache),
    "calibration": lambda cache, _, document: calibration_section(cache, document),
    "aggregation": lambda cache, *_: aggregation_table(cache),
}

DOCUMENTS: Mapping[str, Path] = {
    "table-2": Path("results/papers.md"),
    "table-4": Path("results/papers.md"),
    "figures": Path("results/papers.md"),
    "parameterisations": Path("research-notes.md"),
    "sampling": Path("results/sampling.md"),
    "diffpose": Path("results/diffpose.md"),
    "diffpose-choices": Path("research-notes.md"),
    "calibration": Path("results/calibration.md"),
    "aggregation": Path("results/sampling.md"),
}
"""Paths below docs/: the document with each experiment's section."""

ON_VALIDATION = ("parameterisations", "sampling", "diffpose-choices", "aggregation")
"""Experiments for choices, measured on validation, never on test."""
OWN_SAMPLING = (*ON_VALIDATION, "diffpose", "calibration")
"""Experiments with their own numbers of steps."""
OF_SHIPPED_MODELS = ("calibration", "aggregation", "diffpose", "sampling")
"""Experiments with the models of the package."""


def reproduce(name: str, cache: ExperimentCache, sampling: Preset, document: Path) -> str:
    """Train missing models, measure, and write the section of an experiment.

    Returns:
        The Markdown.

    Raises:
        DiffhpeError: there is no such experiment, a training fails, or the document lacks
            its section.
    """
    if name not in EXPERIMENTS:
        raise DiffhpeError(f"unknown experiment {name!r}; expected {', '.join(EXPERIMENTS)}")
    section(document, name)  # fail before hours of training
    text = EXPERIMENTS[name](cache, sampling, document)
    steps = f"{sampling.sampler.upper()} {sampling.steps} x {sampling.hypotheses}"
    how = cache.windows_name if name in OWN_SAMPLING else f"{cache.windows_name}, {steps}"
    write_section(document, name, f"{text}\n\n<sub>{how}</sub>")
    return text
