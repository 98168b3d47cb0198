"""Commands that train: `train`, `search`."""

import click

from diffhpe_ros.cli.options import AT_LEAST_1, INPUT, OVERRIDE, training_installed


@click.command()
@click.argument("overrides", type=OVERRIDE, nargs=-1)
@click.option(
    "--experiment",
    type=INPUT,
    default="mixste",
    show_default=True,
    help="Name of an experiment (see docs/training.md), or a training's train.yaml.",
)
def train(overrides: tuple[str, ...], experiment: str) -> None:
    """Train a lifter.

    For example: diffhpe train --experiment mixste out=runs/mixste

    The same command continues an interrupted training. OVERRIDES are Hydra overrides, such as
    data.batch_size=64 or budget=gpu.
    """
    with training_installed():
        from diffhpe_ros.training.runner.configuration import compose_configuration
        from diffhpe_ros.training.runner.train import fit

    trained = fit(compose_configuration(experiment, overrides))
    click.echo(f"{trained.folder}: the trained model, {trained.mpjpe_mm:.1f} mm on validation")


@click.command()
@click.argument("overrides", type=OVERRIDE, nargs=-1)
@click.option("--experiment", default="mixste", show_default=True, help="Name of an experiment.")
@click.option(
    "--space",
    type=INPUT,
    default="mixste",
    show_default=True,
    help="Search space: a YAML file, or the name of a built-in one.",
)
@click.option(
    "--trials",
    type=AT_LEAST_1,
    default=20,
    show_default=True,
    help="Number of trainings that this process runs.",
)
@click.option("--storage", help="URL of a database that several machines may share.")
@click.option("--study", show_default="the experiment's", help="Name of the study in the storage.")
def search(
    overrides: tuple[str, ...],
    experiment: str,
    space: str,
    trials: int,
    storage: str | None,
    study: str | None,
) -> None:
    """Search the settings of a training with Optuna.

    The best settings have the least validation error. The search space maps settings to Hydra
    sweeps, such as "dropout: interval(0.0, 0.3)"; the package's own spaces are in
    config/train/search_space. OVERRIDES are Hydra overrides for all trials.

    For example: diffhpe search --trials 20 trainer.max_steps=2000
    """
    with training_installed():
        from diffhpe_ros.training.runner.search import search

    search(experiment, space, trials, storage, study or experiment, overrides)
