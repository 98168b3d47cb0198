"""Experiments: Hydra configurations in config/train, and the objects built from them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.errors import ConfigCompositionException, HydraException, InstantiationException
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.paths import share_folders


def experiments_folder() -> Path:
    """config/train of the checkout or the installed share folder."""
    return next((place / "config" / "train" for place in share_folders()), Path()).resolve()


def check_experiment(name: str) -> None:
    """Check that an experiment exists.

    Raises:
        DiffhpeError: it does not exist; the message lists the known ones.
    """
    known = sorted(file.stem for file in experiments_folder().glob("*.yaml"))
    if name not in known:
        raise DiffhpeError(
            f"unknown experiment {name!r}; expected a train.yaml or one of {', '.join(known)}"
        )


def compose_configuration(experiment: str, overrides: Sequence[str]) -> DictConfig:
    """An experiment with Hydra overrides.

    Args:
        experiment: a name, for config/train/<name>.yaml, or the train.yaml that a training wrote,
            which repeats that training.
        overrides: Hydra's; for a train.yaml only plain `key=value`.

    Raises:
        DiffhpeError: there is no such experiment, or an override does not fit.
    """
    file = Path(experiment)
    try:
        if file.suffix == ".yaml" and file.is_file():
            return DictConfig(OmegaConf.merge(_read(file), OmegaConf.from_dotlist([*overrides])))
        check_experiment(experiment)
        with initialize_config_dir(str(experiments_folder()), version_base=None):
            return compose(experiment, overrides=list(overrides))
    except (HydraException, OmegaConfBaseException) as error:
        raise DiffhpeError(f"{experiment}: {_what_is_valid(error, experiment)}") from None


def _what_is_valid(error: Exception, experiment: str) -> str:
    """One line with Hydra's error and the valid names, from the error or the experiment."""
    unknown = getattr(error.__cause__, "full_key", None)
    if isinstance(error, ConfigCompositionException) and unknown:
        parent, _, _ = unknown.rpartition(".")
        settings = compose_configuration(experiment, [])
        part = OmegaConf.select(settings, parent) if parent else settings
        known = ", ".join(map(str, part)) if isinstance(part, DictConfig) else "no such settings"
        return f"there is no setting {unknown}; {parent or experiment} has {known}"
    message = str(error).partition("\nConfig search path")[0].partition("\nSee https")[0]
    first, _, options = message.partition("Available options in ")
    group, _, names = options.partition(":")
    if names:
        return f"{first.strip()}; {group} has {', '.join(names.split())}"
    return " ".join(message.split())


def _read(file: Path) -> DictConfig:
    """Read a complete configuration. Overrides can change its keys, but add none."""
    try:
        settings = OmegaConf.load(file)
    except (OSError, YAMLError, UnicodeDecodeError) as error:
        raise DiffhpeError(f"{file}: {str(error).splitlines()[0]}") from None
    if not isinstance(settings, DictConfig) or "module" not in settings:
        raise DiffhpeError(f"{file}: expected the configuration of a training")
    OmegaConf.set_struct(settings, True)
    return settings


def build(settings: DictConfig, **more: Any) -> Any:
    """Call the `_target_` of the settings with their other keys and with `more`.

    Raises:
        DiffhpeError: the target raised it, or does not accept these settings.
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
