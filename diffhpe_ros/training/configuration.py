"""Experiments: Hydra configurations in config/train, and what is built from them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.errors import HydraException, InstantiationException
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.paths import share_folders


def experiments_folder() -> Path:
    """config/train of the checkout or the installed share folder."""
    return next((place / "config" / "train" for place in share_folders()), Path()).resolve()


def check_experiment(name: str) -> None:
    """See that there is such an experiment.

    Raises:
        DiffhpeError: there is none; lists those there are.
    """
    known = sorted(file.stem for file in experiments_folder().glob("*.yaml"))
    if name not in known:
        raise DiffhpeError(f"unknown experiment {name!r}; expected one of {', '.join(known)}")


def compose_configuration(experiment: str, overrides: Sequence[str]) -> DictConfig:
    """The configuration config/train/<experiment>.yaml with Hydra overrides.

    Raises:
        DiffhpeError: there is no such experiment, or an override does not fit.
    """
    check_experiment(experiment)
    try:
        with initialize_config_dir(str(experiments_folder()), version_base=None):
            return compose(experiment, overrides=list(overrides))
    except (HydraException, OmegaConfBaseException) as error:
        raise DiffhpeError(f"{experiment}: {str(error).splitlines()[0]}") from error


def build(settings: DictConfig, **more: Any) -> Any:
    """What `_target_` of the settings names, called with the rest of them and with `more`.

    Raises:
        DiffhpeError: it failed with one, or it does not take these settings.
    """
    try:
        return instantiate(settings, **more)
    except InstantiationException as error:
        if isinstance(error.__cause__, DiffhpeError):
            raise error.__cause__ from None
        reason = " ".join(str(error.__cause__ or error).split())
        raise DiffhpeError(f"{settings.get('_target_')}: {reason}") from error


def plain(settings: DictConfig) -> dict[str, Any]:
    """The settings as a dictionary."""
    values = OmegaConf.to_container(settings, resolve=True)
    assert isinstance(values, dict)
    return {str(key): value for key, value in values.items()}
