"""Invalid numbers in a training's settings, and settings that do not exist."""

import pytest

pytest.importorskip("lightning", reason="training needs the `train` extra")

from omegaconf import DictConfig, OmegaConf

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.training.runner.configuration import compose_configuration
from diffhpe_ros.training.runner.setting_checks import check_numbers, difference


@pytest.fixture(scope="module")
def mixste() -> DictConfig:
    return compose_configuration("mixste", [])


@pytest.mark.parametrize(
    "override",
    [
        *(f"data.batch_size={value}" for value in ("0", "-4", "abc", "2.5", "null", ".inf")),
        *(f"module.optimisation.learning_rate={value}" for value in ("nan", "-1", "0", "abc")),
        *("module.optimisation.weight_decay=-1", "module.optimisation.warmup=2"),
        *("trainer.val_check_interval=0", "trainer.gradient_clip_val=-1", "checkpoint_every=-1"),
        *("ema_decay=2", "seed=-1", "seed=99999999999999999999", "threads=-1", "drop_path=1.5"),
        *("dropout=-1", "stop_after=-1", "calibrate_every=-1", "save_every_s=-1", "epochs=0"),
    ],
)
def test_number_that_makes_no_sense_is_named_with_what_is_expected(
    override: str, mixste: DictConfig
) -> None:
    name, _, _ = override.partition("=")
    with pytest.raises(DiffhpeError, match=rf"^{name} is .*; a .*number .* is expected$"):
        check_numbers(DictConfig(OmegaConf.merge(mixste, OmegaConf.from_dotlist([override]))))


@pytest.mark.parametrize("experiment", ["diffpose", "mixste-human36m"])
def test_numbers_of_the_experiments_make_sense(experiment: str) -> None:
    check_numbers(compose_configuration(experiment, []))


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("data.batchsize=4", "there is no setting data.batchsize; data has .*batch_size"),
        ("sed=1", "there is no setting sed; mixste has seed"),
        ("budget=gpus", "'budget' has cpu, gpu"),
        ("data=h36m", "'data' has cmu, human36m, mocap"),
        ("data.batch_size", "Error parsing override 'data.batch_size' missing EQUAL"),
    ],
)
def test_setting_that_does_not_exist_is_answered_with_those_that_do(
    override: str, expected: str
) -> None:
    with pytest.raises(DiffhpeError, match=expected) as refused:
        compose_configuration("mixste", [override])
    assert "\n" not in str(refused.value)


def test_first_difference_of_two_trainings_is_named() -> None:
    before = {"seed": 0, "data": {"batch_size": 4, "device": "cpu"}}
    now = {"seed": 0, "data": {"batch_size": 8, "device": "cpu"}}
    assert difference(before, now) == "data.batch_size: 4, now 8"
    assert difference(before, before) == ""
