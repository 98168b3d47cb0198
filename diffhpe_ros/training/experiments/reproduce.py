"""`diffhpe reproduce`: one command from nothing to a table or figure in docs/results/."""

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
"""Markdown of an experiment; pictures and CSV files go beside the document."""


def _figures(workshop: ExperimentCache, sampling: Preset, document: Path) -> str:
    lines = []
    for name, (figure, title) in heatmaps.FIGURES.items():
        mixste, wrapper = (
            heatmaps.matrix(workshop, model, figure, sampling)
            for model in ("mixste", "diffhpe-wrapper")
        )
        if np.isnan(mixste).all() or np.isnan(wrapper).all():
            return NOT_RUN
        heatmaps.draw(mixste, wrapper, title, document.parent / "images" / f"{name}.png")
        lines.append(f"![{title}](images/{name}.png)")
    return "\n\n".join(lines)


EXPERIMENTS: Mapping[str, Section] = {
    "table-2": lambda workshop, sampling, _: table_2(workshop, sampling),
    "table-4": lambda workshop, sampling, _: table_4(workshop, sampling),
    "figures": _figures,
    "parameterisations": lambda workshop, *_: parameterisation_table(workshop),
    "sampling": lambda workshop, _, document: sampling_section(workshop, document),
    "diffpose": lambda workshop, *_: diffpose.comparison(workshop),
    "diffpose-choices": lambda workshop, *_: diffpose.choices(workshop),
    "calibration": lambda workshop, _, document: calibration_section(workshop, document),
    "aggregation": lambda workshop, *_: aggregation_table(workshop),
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
"""Below docs/: where each experiment has its section."""

ON_VALIDATION = ("parameterisations", "sampling", "diffpose-choices", "aggregation")
"""Choices are made with these, so never on test."""
OWN_SAMPLING = (*ON_VALIDATION, "diffpose", "calibration")
"""These have numbers of steps of their own."""
OF_SHIPPED_MODELS = ("calibration", "aggregation", "diffpose", "sampling")
"""These look at the models that come with the package."""


def reproduce(name: str, workshop: ExperimentCache, sampling: Preset, document: Path) -> str:
    """Train what is missing, measure, and write the experiment into its section.

    Returns:
        What was written.

    Raises:
        DiffhpeError: there is no such experiment, a training fails, or the document has no place
            for it.
    """
    if name not in EXPERIMENTS:
        raise DiffhpeError(f"unknown experiment {name!r}; expected {', '.join(EXPERIMENTS)}")
    section(document, name)  # before hours of training
    text = EXPERIMENTS[name](workshop, sampling, document)
    steps = f"{sampling.sampler.upper()} {sampling.steps} x {sampling.hypotheses}"
    how = workshop.windows_name if name in OWN_SAMPLING else f"{workshop.windows_name}, {steps}"
    write_section(document, name, f"{text}\n\n<sub>{how}</sub>")
    return text
