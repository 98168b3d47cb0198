"""`diffhpe search`: Hydra's Optuna sweeper over the settings of an experiment."""

import math
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import hydra
import hydra_plugins.hydra_optuna_sweeper  # noqa: F401  says early that it is missing
import yaml
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.training.runner.callbacks import DivergedError
from diffhpe_ros.training.runner.configuration import check_experiment, experiments_folder
from diffhpe_ros.training.runner.train import fit


def search(
    experiment: str,
    space: str,
    trials: int,
    storage: str | None,
    study: str,
    overrides: Sequence[str],
) -> None:
    """Search for the best settings by training, and print them.

    Args:
        experiment: an experiment in config/train.
        space: a YAML file, or the name of one in config/train/search_space.
        trials: number of trials of this process; processes with the same storage add their own.
        storage: a database URL such as sqlite:///search.db or postgresql://...; None keeps it
            in memory.
        study: name of the study in the storage.
        overrides: Hydra's, for all trials.

    Raises:
        DiffhpeError: a name is unknown, the search space does not fit, or a training fails. A
            training that diverges does not fail: that counts as a result.
    """
    check_experiment(experiment)
    sweep = [f"{setting}={values}" for setting, values in read_search_space(space).items()]
    # Each process has its own folder, since each counts its trials from 0.
    folder = f"runs/search/{study}/{socket.gethostname()}-{os.getpid()}"
    arguments = [
        "diffhpe search",
        "--multirun",
        f"--config-dir={experiments_folder()}",
        f"--config-name={experiment}",
        "hydra/sweeper=optuna",
        "hydra.sweeper.direction=minimize",
        f"hydra.sweeper.study_name={study}",
        f"hydra.sweeper.storage={'null' if storage is None else _quoted(storage)}",
        f"hydra.sweeper.n_trials={trials}",
        "hydra.sweeper.n_jobs=1",
        f"hydra.sweep.dir={_quoted(folder)}",
        *sweep,
        *overrides,
    ]
    # Hydra reads the command line, and hides exceptions by default.
    sys.argv, os.environ["HYDRA_FULL_ERROR"] = arguments, "1"
    try:
        hydra.main(version_base=None)(_validation_error)()
    except DiffhpeError:
        raise
    except Exception as error:  # from Hydra, Optuna, the database, or its driver
        raise DiffhpeError(f"search: {' '.join(str(error).split())}") from error


def read_search_space(name: str) -> dict[str, str]:
    """Read a search space: setting → Hydra sweep.

    Raises:
        DiffhpeError: there is no such file, or it is not a mapping.
    """
    known = experiments_folder() / "search_space"
    file = Path(name) if Path(name).is_file() else known / f"{name}.yaml"
    if not file.is_file():
        names = ", ".join(sorted(each.stem for each in known.glob("*.yaml")))
        raise DiffhpeError(
            f"unknown search space {name!r}; expected a YAML file or one of: {names}"
        )
    try:
        space = yaml.safe_load(file.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise DiffhpeError(f"{file}: not readable as YAML ({reason})") from None
    if not isinstance(space, dict) or not space:
        raise DiffhpeError(f"{file}: expected settings and their sweeps")
    return {str(setting): str(values) for setting, values in space.items()}


def _validation_error(settings: DictConfig) -> float:
    """One trial: the validation error in mm of a training in the trial's own folder."""
    settings.out = HydraConfig.get().runtime.output_dir
    try:
        return fit(settings).mpjpe_mm
    except DivergedError:
        return math.inf  # Optuna treats it as the worst; NaN would end the search


def _quoted(text: str) -> str:
    """Quote text with colons and slashes for a Hydra override."""
    return "'" + text.replace("'", "\\'") + "'"
