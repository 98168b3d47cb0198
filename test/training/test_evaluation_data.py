"""Input of `diffhpe evaluate`: three formats, distinguished by the content of a file."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting import ModelConfig
from diffhpe_ros.training.datasets.labelled_windows import LabelledWindows
from diffhpe_ros.training.datasets.recordings import RecordedSequence
from diffhpe_ros.training.evaluation import evaluation_data
from diffhpe_ros.training.evaluation.evaluation_data import occluded, read_evaluation

PERSON = ModelConfig("mixste", input_view="person")
SCREEN = ModelConfig("mixste", input_view="screen")
LEG = (1, 2, 3)


@pytest.fixture
def windows() -> LabelledWindows:
    return LabelledWindows(
        np.full((8, 27, 17, 2), 0.1, np.float32), np.zeros((8, 27, 17, 3), np.float32)
    )


@pytest.fixture
def files(tmp_path) -> SimpleNamespace:
    """One file of each format, by the names of its arrays."""

    def save(name: str, **arrays: object) -> Path:
        np.savez(tmp_path / name, **arrays)
        return tmp_path / name

    return SimpleNamespace(
        frozen=save("frozen.npz", x=np.full((3, 27, 17, 2), 0.1), y=np.zeros((3, 27, 17, 3))),
        h36m_3d=save("3d.npz", positions_3d=np.array({}, object)),
        h36m_2d=save("2d.npz", positions_2d=np.array({}, object)),
        mpi=save("3dhp.npz", data=np.array({}, object)),
        other=save("other.npz", poses=np.zeros(3)),
    )


@pytest.fixture
def readers(monkeypatch) -> list[tuple]:
    """Replaces the two readers, which have separate tests; the list contains their calls."""
    calls: list[tuple] = []

    def recording(*arguments: object) -> list[RecordedSequence]:
        calls.append(arguments)
        x_2d, poses = np.full((60, 17, 2), 0.1, np.float32), np.zeros((60, 17, 3), np.float32)
        labels = dict.fromkeys(("subject", "action", "sequence", "camera"), "one")
        return [RecordedSequence(x_2d, poses, None, np.ones(60, bool), **labels, rate=50.0)]

    for name in ("read_human36m", "read_mpi_3dhp"):
        monkeypatch.setattr(evaluation_data, name, recording)
    return calls


def test_windows_are_read_as_they_are(files):
    assert len(read_evaluation(files.frozen, PERSON)) == 3


def test_human36m_is_read_for_the_split_and_the_view_of_the_model(files, readers):
    windows = read_evaluation(files.h36m_3d, PERSON, files.h36m_2d)
    assert windows.x_2d.shape == (3, 27, 17, 2)
    assert readers[-1] == (files.h36m_3d, files.h36m_2d, ("S9", "S11"), "person")
    read_evaluation(files.h36m_3d, SCREEN, files.h36m_2d, "train")
    assert readers[-1][2:] == (("S1", "S5", "S6", "S7", "S8"), "screen")


def test_mpi_3dhp_is_known_by_its_array(files, readers):
    assert len(read_evaluation(files.mpi, SCREEN)) == 3
    assert readers == [(files.mpi, "screen")]


def test_what_does_not_fit_is_refused(files):
    with pytest.raises(
        DiffhpeError,
        match="is a Human3.6M file; the file of its keypoints is expected in --data-2d",
    ):
        read_evaluation(files.h36m_3d, PERSON)
    with pytest.raises(DiffhpeError, match="unknown split 'tests'; expected train or test"):
        read_evaluation(files.h36m_3d, PERSON, files.h36m_2d, "tests")
    with pytest.raises(DiffhpeError, match="--data-2d is only for a Human3.6M file"):
        read_evaluation(files.frozen, PERSON, files.h36m_2d)
    with pytest.raises(DiffhpeError, match="--split is only for a Human3.6M file"):
        read_evaluation(files.mpi, PERSON, split="test")
    with pytest.raises(DiffhpeError, match="array 'x' is missing; found poses"):
        read_evaluation(files.other, PERSON)
    with pytest.raises(DiffhpeError, match="no such file"):
        read_evaluation(files.other.with_name("nowhere.npz"), PERSON)


def test_nothing_is_occluded_unless_asked_for(windows):
    np.testing.assert_array_equal(occluded(windows, "none", 0).x_2d, windows.x_2d)


def test_leg_is_occluded_as_released(windows):
    """In ten consecutive frames of each window, never the last; the truth stays."""
    hidden = occluded(windows, "leg", 0)
    gone = (hidden.x_2d == 0).all(-1)
    assert (gone.sum(1) == np.where(np.isin(np.arange(17), LEG), 10, 0)).all()
    assert not gone[:, -1].any()
    assert hidden.poses is windows.poses
    assert (windows.x_2d != 0).all()


def test_occlusions_depend_on_the_seed_alone(windows):
    first, again, other = (occluded(windows, "random", seed).x_2d for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_unknown_occlusions_list_the_known_ones(windows):
    with pytest.raises(DiffhpeError, match="'arm'.*none.*random.*leg-and-arm"):
        occluded(windows, "arm", 0)
