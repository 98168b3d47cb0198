"""Commands that measure models against ground truth: `evaluate`, `reproduce`."""

from pathlib import Path
from typing import Any

import click

from diffhpe_ros.cli.options import (
    AT_LEAST_1,
    FILE,
    OVERRIDE,
    TEST_WINDOWS,
    VALIDATION_WINDOWS,
    decode_option,
    model_options,
    sampling_options,
    training_installed,
    warn,
)
from diffhpe_ros.io import write_json

EXPERIMENTS = (
    "table-2", "table-4", "figures", "parameterisations", "sampling",
    "diffpose", "diffpose-choices", "calibration", "aggregation",
)  # fmt: skip


@click.command()
@click.option(
    "--data",
    type=FILE,
    default=TEST_WINDOWS,
    show_default=True,
    help=".npz file of windows, Human3.6M or MPI-INF-3DHP.",
)
@click.option("--data-2d", type=FILE, help=".npz file of Human3.6M's keypoints.")
@click.option("--split", show_default="test", help="Part of Human3.6M: train or test.")
@click.option(
    "--occlusion",
    default="none",
    show_default=True,
    help=(
        "Joints to hide: none, random, leg-and-arm, leg, frames or all; --seed sets the random"
        " choice."
    ),
)
@click.option(
    "--released-metrics",
    is_flag=True,
    help="Also print the coherence as DiffHPE's released code computes it.",
)
@click.option(
    "--json", "json_file", type=FILE, help="JSON file to which the figures are also written."
)
@model_options
@sampling_options
@decode_option("free")
def evaluate(
    data: Path,
    data_2d: Path | None,
    split: str | None,
    occlusion: str,
    released_metrics: bool,
    json_file: Path | None,
    model: str | None,
    device: str,
    **sampling: Any,
) -> None:
    """Print a model's errors against ground truth.

    For example: diffhpe evaluate --model mixste

    Errors and coherence, in mm, with confidence intervals. Windows are an .npz with x (N,27,17,2)
    in the canonical view and y (N,27,17,3) in metres.
    """
    from diffhpe_ros.io import check_output
    from diffhpe_ros.keypoint_checks import truth_warnings
    from diffhpe_ros.lifting import DEFAULT_MODEL, Lifter, lift_in_batches
    from diffhpe_ros.training.evaluation.evaluation_data import occluded, read_evaluation
    from diffhpe_ros.training.evaluation.figures import figures_of, released_coherence
    from diffhpe_ros.training.evaluation.report import lines

    if json_file is not None:
        check_output(json_file, data)
    model = model or DEFAULT_MODEL
    lifter = Lifter.from_pretrained(model, device, **sampling)
    for text in lifter.warnings:
        warn(text)
    data_windows = read_evaluation(data, lifter.config, data_2d, split)
    if lifter.config.input_view == "person":
        for text in truth_warnings(data_windows.x_2d, data_windows.poses, data_windows.root):
            warn(text)
    windows = occluded(data_windows, occlusion, sampling["seed"])
    poses = lift_in_batches(lifter, windows.x_2d, progress=True)
    figures = figures_of(poses, windows, released_coherence(poses) if released_metrics else None)
    click.echo("\n".join(lines(figures)))
    if json_file is not None:
        of = {"model": model, "data": str(data), "split": split, "occlusion": occlusion}
        write_json(json_file, of | sampling | figures.to_dict())


@click.command()
@click.argument("experiment", type=click.Choice(EXPERIMENTS))
@click.argument("overrides", type=OVERRIDE, nargs=-1)
@click.option(
    "--data",
    type=FILE,
    default=TEST_WINDOWS,
    show_default=True,
    help="Windows to measure on.",
)
@click.option(
    "--validation",
    type=FILE,
    default=VALIDATION_WINDOWS,
    show_default=True,
    help="Windows to measure on, for experiments that choose settings.",
)
@click.option(
    "--runs",
    type=FILE,
    default=Path("runs"),
    show_default=True,
    help="Folder for trained models and figures.",
)
@click.option(
    "--budget",
    type=click.Choice(("cpu", "gpu")),
    default="cpu",
    show_default=True,
    help="Length of the trainings, and where they run.",
)
@click.option(
    "--steps", type=AT_LEAST_1, default=5, show_default=True, help="Number of DDIM steps."
)
@click.option(
    "--hypotheses",
    type=AT_LEAST_1,
    default=5,
    show_default=True,
    help="Number of poses per window.",
)
@click.option(
    "--every",
    type=AT_LEAST_1,
    default=1,
    show_default=True,
    help="Measure on each Nth window only.",
)
@click.option(
    "--only", help="Train only this model of the experiment, and the models that it needs."
)
@click.option(
    "--no-training",
    is_flag=True,
    help="Do not train missing models; the tables show them as not run.",
)
@click.option(
    "--document",
    type=FILE,
    show_default="the experiment's page in docs/",
    help="File whose section on the experiment is rewritten.",
)
def reproduce(
    experiment: str,
    overrides: tuple[str, ...],
    data: Path,
    validation: Path,
    runs: Path,
    budget: str,
    steps: int,
    hypotheses: int,
    every: int,
    only: str | None,
    no_training: bool,
    document: Path | None,
) -> None:
    """Train, measure and document an experiment.

    EXPERIMENT is a table or figure of the DiffHPE paper, or an experiment beyond it. Models in
    --runs are not trained again, and figures in it are not measured again. OVERRIDES are Hydra
    overrides for every training, such as data=cmu.

    For example: diffhpe reproduce table-2 --only mixste
    """
    with training_installed():
        from diffhpe_ros.lifting.pipeline.presets import Preset
        from diffhpe_ros.training.datasets.labelled_windows import read_windows
        from diffhpe_ros.training.experiments.cache import (
            ExperimentCache,
            Models,
            ShippedModels,
            TrainedModels,
            TrainMissingModels,
        )
        from diffhpe_ros.training.experiments.reproduce import (
            DOCUMENTS,
            OF_SHIPPED_MODELS,
            ON_VALIDATION,
            reproduce,
        )

    if only is not None and no_training:
        raise click.UsageError("--only trains one model: give it or --no-training, not both")
    trained = TrainMissingModels(runs, budget, overrides)
    if only is not None:
        click.echo(f"{trained.folder(only)}: the trained model")
        return
    file = validation if experiment in ON_VALIDATION else data
    models: Models = TrainedModels(runs) if no_training else trained
    if experiment in OF_SHIPPED_MODELS:
        models = ShippedModels()
    device = "cuda" if budget == "gpu" else "cpu"
    windows = read_windows(file).every(every)
    name = file.name if every == 1 else f"one window in {every} of {file.name}"
    cache = ExperimentCache(models, windows, name, runs / "figures", device)
    document = document or Path("docs") / DOCUMENTS[experiment]
    click.echo(reproduce(experiment, cache, Preset("ddim", steps, hypotheses), document))
