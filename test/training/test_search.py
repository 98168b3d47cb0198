"""`diffhpe search`: trials in a storage that several processes share."""

import sqlite3
import sys

import pytest

pytest.importorskip("hydra_plugins.hydra_optuna_sweeper", reason="needs the `train` extra")

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.training.runner import search as module
from diffhpe_ros.training.runner.callbacks import DivergedError
from diffhpe_ros.training.runner.search import read_search_space, search


@pytest.fixture
def tried(monkeypatch, tmp_path) -> list:
    """Settings of the trials; a quick stand-in for training has its best at a rate of 1e-3."""
    settings = []

    class Trained:
        mpjpe_mm = 50.0

    def fit(trial):
        settings.append(trial)
        return Trained()

    monkeypatch.setattr(module, "fit", fit)
    monkeypatch.setattr(sys, "argv", [])
    monkeypatch.chdir(tmp_path)
    return settings


def test_later_searches_go_on_with_a_study(tried, tmp_path):
    storage = f"sqlite:///{tmp_path}/search.db"
    for trials in (2, 1):
        search("mixste", "mixste", trials, storage, "rates", ["data.batch_size=8"])
    assert [each.data.batch_size for each in tried] == [8, 8, 8]
    assert all(3e-4 <= each.module.optimisation.learning_rate <= 5e-3 for each in tried)
    assert len({each.drop_path for each in tried}) == 3
    with sqlite3.connect(tmp_path / "search.db") as database:
        states = database.execute("select state from trials").fetchall()
    assert states == [("COMPLETE",)] * 3


def test_failed_trial_is_one_line(tried, monkeypatch):
    def fail(trial):
        raise DiffhpeError("/nowhere.npz: no such file")

    monkeypatch.setattr(module, "fit", fail)
    with pytest.raises(DiffhpeError, match=r"/nowhere\.npz: no such file"):
        search("mixste", "mixste", 1, None, "rates", [])


def test_search_goes_on_after_a_trial_that_diverged(tried, monkeypatch):
    trained = module.fit

    def fit(trial):
        result = trained(trial)
        if len(tried) == 1:
            raise DivergedError("the training has diverged")
        return result

    monkeypatch.setattr(module, "fit", fit)
    search("mixste", "mixste", 3, None, "rates", [])
    assert len(tried) == 3


def test_unknown_spaces_list_the_known_ones():
    with pytest.raises(DiffhpeError, match="search space 'mixest'; expected .*diffhpe, mixste"):
        read_search_space("mixest")


def test_settings_that_an_experiment_has_not_are_named(tried, tmp_path):
    (tmp_path / "space.yaml").write_text("dropuot: interval(0.0, 0.3)")
    with pytest.raises(DiffhpeError, match="dropuot"):
        search("mixste", str(tmp_path / "space.yaml"), 1, None, "rates", [])
