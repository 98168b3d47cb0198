"""The compiled library gives the poses of the training models."""

import copy
import pickle
import shutil

import numpy as np
import pytest
import torch
from random_models import ARCHITECTURES, random_model

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting import Lifter, load_model
from diffhpe_ros.lifting.checkpoints.configuration import DenoiserConfig, TrunkConfig
from diffhpe_ros.lifting.engines import create_engine, resolve_engine
from diffhpe_ros.lifting.engines.native import engines, library, networks
from diffhpe_ros.lifting.models.diffhpe import DiffHPE
from diffhpe_ros.skeleton import NUM_JOINTS

TRUNK, DENOISER = TrunkConfig(channels=64, depth=2), DenoiserConfig(channels=32, blocks=3)
BUILT = [name for name in sorted({*library.variants(), "any"}) if library.open_variant(name)]

needs_library = pytest.mark.skipif(
    library.find_library() is None, reason="no library for this processor, or no C++ compiler"
)


@pytest.fixture(autouse=True)
def no_gradients():
    with torch.inference_mode():
        yield


@pytest.fixture
def threads():
    """Sets the number of threads, for this test."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


def answers(engine, windows, steps):
    """Of a model or its engine, to three hypotheses of each window."""
    if not hasattr(engine, "condition"):
        return engine(windows)
    x_t = torch.randn(12, 27, NUM_JOINTS, 3, generator=torch.Generator().manual_seed(2))
    x_t = x_t[: len(steps)]
    condition = engine.condition(windows)
    if isinstance(engine, DiffHPE):
        condition = condition.repeat_interleave(3, 0)
    return engine(x_t, steps, condition)


def test_it_was_built_if_there_is_a_compiler():
    assert BUILT or not shutil.which("g++")


@needs_library
@pytest.mark.parametrize("variant", BUILT)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_variant_gives_the_models_output(architecture, variant, windows, monkeypatch):
    monkeypatch.setattr(networks, "find_library", lambda: library.open_variant(variant))
    model, steps = random_model(architecture, TRUNK, DENOISER), torch.arange(12) * 4
    expected = answers(model, windows, steps)
    found = answers(create_engine("native", model), windows, steps)
    assert expected.std() > 0.01
    torch.testing.assert_close(found, expected, atol=4e-5 * float(expected.std()), rtol=1e-5)


@needs_library
def test_one_step_for_all_is_that_step_for_each(windows):
    engine = create_engine("native", random_model("diffhpe-wrapper", TRUNK, DENOISER))
    x_t, condition = torch.randn(4, 27, NUM_JOINTS, 3), engine.condition(windows)
    each = engine(x_t, torch.full((4,), 7), condition)
    assert torch.equal(engine(x_t, torch.tensor([7]), condition), each)


@needs_library
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_neither_threads_nor_neighbours_matter(architecture, windows, threads):
    engine = create_engine("native", random_model(architecture, TRUNK, DENOISER))
    steps = torch.full((12,), 30)
    threads(1)
    alone, all_of_them = answers(engine, windows[:1], steps[:3]), answers(engine, windows, steps)
    threads(3)
    assert torch.equal(answers(engine, windows, steps), all_of_them)
    torch.testing.assert_close(all_of_them[: len(alone)], alone, atol=1e-5, rtol=1e-5)


@needs_library
@pytest.mark.parametrize("name", ["diffhpe-wrapper-robust", "diffhpe-2d", "mixste"])
def test_shipped_models_give_the_same_poses(name, windows):
    native, reference = (
        Lifter.from_pretrained(name, engine=each) for each in ("native", "reference")
    )
    poses = native.lift(windows).hypotheses
    np.testing.assert_allclose(
        poses, reference.lift(windows).hypotheses, rtol=0, atol=1e-5
    )  # metres


@needs_library
def test_far_too_large_scores_stay_finite(windows):
    engine = create_engine("native", random_model("mixste", TRUNK, DENOISER))
    assert engine(windows * 1e6).isfinite().all()


@needs_library
@pytest.mark.parametrize("variant", BUILT)
def test_what_is_no_number_is_not_made_one(variant, windows, monkeypatch):
    monkeypatch.setattr(networks, "find_library", lambda: library.open_variant(variant))
    engine = create_engine("native", random_model("diffhpe-wrapper", TRUNK, DENOISER))
    x_t, steps = torch.zeros(4, 27, NUM_JOINTS, 3), torch.tensor([7])
    x_t[1, 3, 5] = torch.nan
    numbers = engine(x_t, steps, engine.condition(windows)).isfinite().all((1, 2, 3))
    assert numbers.tolist() == [True, False, True, True]
    windows[2, 3, 5] = torch.nan
    assert engine.condition(windows).isfinite().all((1, 2, 3)).tolist() == [True, True, False, True]


@needs_library
def test_auto_is_native_where_that_can_be(golden_mixste):
    assert Lifter.from_pretrained("diffhpe-wrapper").engine == "native"
    assert Lifter.from_pretrained("diffpose").engine == "folded"
    assert resolve_engine("auto", load_model(golden_mixste).to("meta")) == "folded"


def test_without_the_library_auto_is_folded(monkeypatch):
    monkeypatch.setattr(engines, "find_library", lambda: None)
    model = random_model("mixste", TRUNK)
    assert resolve_engine("auto", model) == "folded"
    with pytest.raises(DiffhpeError, match="no native engine: there is none for this proc"):
        create_engine("native", model)


@needs_library
def test_other_sizes_are_refused():
    model = random_model("diffhpe-wrapper")
    assert resolve_engine("auto", model) == "folded"
    with pytest.raises(DiffhpeError, match="it was not written for a network of these sizes"):
        create_engine("native", model)


@pytest.mark.skipif(not BUILT, reason="no C++ compiler built the library")
@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda lifter: pickle.loads(pickle.dumps(lifter))]
)
def test_lifter_may_be_copied_and_pickled(copied):
    """As workers of a DataLoader or of Ray need it."""
    lifter = Lifter.from_pretrained("diffhpe-wrapper-robust", engine="native")
    x_2d = np.random.default_rng(0).normal(scale=0.2, size=(2, 27, 17, 2)).astype(np.float32)
    again = copied(lifter)
    poses = lifter.lift(x_2d).poses
    del lifter
    np.testing.assert_array_equal(again.lift(x_2d).poses, poses)
