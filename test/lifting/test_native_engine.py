"""The compiled library gives the poses of the training models."""

import copy
import pickle
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from random_models import ARCHITECTURES, WITH_BACKBONE, random_config, random_model

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting import Lifter, use_threads
from diffhpe_ros.lifting.checkpoints.configuration import DenoiserConfig, TrunkConfig
from diffhpe_ros.lifting.checkpoints.model_folders import weights_of
from diffhpe_ros.lifting.checkpoints.stored import read_model
from diffhpe_ros.lifting.engines.choice import resolve_engine
from diffhpe_ros.lifting.engines.native import engines, library, networks
from diffhpe_ros.lifting.engines.native.engines import make_native
from diffhpe_ros.lifting.threads import thread_count
from diffhpe_ros.skeleton import NUM_JOINTS

TRUNK, DENOISER = TrunkConfig(channels=64, depth=2), DenoiserConfig(channels=32, blocks=3)
BUILT = [name for name in sorted({*library.variants(), "any"}) if library.open_variant(name)]

needs_library = pytest.mark.skipif(
    library.find_library() is None, reason="no library for this processor, or no C++ compiler"
)


@pytest.fixture
def windows(windows) -> np.ndarray:
    """(4, 27, 17, 2) as numpy arrays, which the engine takes."""
    return windows.numpy()


@pytest.fixture
def threads():
    """Sets the number of threads, for this test."""
    before = thread_count()
    yield use_threads
    use_threads(before)


def native(architecture, trunk=TRUNK, denoiser=DENOISER):
    """The native engine with random weights."""
    sizes = (architecture, trunk, denoiser)
    return make_native(random_config(*sizes), weights_of(random_model(*sizes)))


def noisy_poses(count: int) -> np.ndarray:
    return np.random.default_rng(2).standard_normal((count, 27, NUM_JOINTS, 3), np.float32)


def answers(engine, windows, steps) -> np.ndarray:
    """The engine's outputs for some hypotheses of each window."""
    if engine.is_deterministic:
        return engine(windows)
    return engine(noisy_poses(len(steps)), steps, engine.condition(windows))


@torch.inference_mode()
def expected_answers(model, windows, steps) -> np.ndarray:
    """The training model's outputs."""
    x_2d = torch.from_numpy(windows)
    if model.is_deterministic:
        return model(x_2d).numpy()
    x_t, t = torch.from_numpy(noisy_poses(len(steps))), torch.from_numpy(steps)
    condition = model.condition(x_2d).repeat_interleave(len(steps) // len(windows), 0)
    return model(x_t, t, condition).numpy()


def assert_near(found: np.ndarray, expected: np.ndarray) -> None:
    assert expected.std() > 0.01
    np.testing.assert_allclose(found, expected, atol=4e-5 * expected.std(), rtol=1e-5)


def test_it_was_built_if_there_is_a_compiler():
    assert BUILT or not shutil.which("g++")


@needs_library
@pytest.mark.parametrize("variant", BUILT)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_variant_gives_the_models_output(architecture, variant, windows, monkeypatch):
    monkeypatch.setattr(networks, "find_library", lambda: library.open_variant(variant))
    model, steps = random_model(architecture, TRUNK, DENOISER), np.arange(12) * 4
    found = answers(native(architecture), windows, steps)
    assert_near(found, expected_answers(model, windows, steps))


@needs_library
@pytest.mark.parametrize("hypotheses", [1, 3])
def test_share_of_the_backbone_is_in_the_output(hypotheses, windows):
    sizes = ("diffhpe-wrapper", TRUNK, replace(WITH_BACKBONE, channels=32))
    steps = np.arange(4 * hypotheses)
    expected = expected_answers(random_model(*sizes), windows, steps)
    assert_near(answers(native(*sizes), windows, steps), expected)


@needs_library
def test_one_step_for_all_is_that_step_for_each(windows):
    engine = native("diffhpe-wrapper")
    x_t, condition = noisy_poses(4), engine.condition(windows)
    each = engine(x_t, np.full(4, 7), condition)
    np.testing.assert_array_equal(engine(x_t, np.array([7]), condition), each)


@needs_library
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_neither_threads_nor_neighbours_matter(architecture, windows, threads):
    engine, steps = native(architecture), np.full(12, 30)
    threads(1)
    alone, all_of_them = answers(engine, windows[:1], steps[:3]), answers(engine, windows, steps)
    threads(3)
    np.testing.assert_array_equal(answers(engine, windows, steps), all_of_them)
    np.testing.assert_allclose(all_of_them[: len(alone)], alone, atol=1e-5, rtol=1e-5)


@needs_library
@pytest.mark.parametrize("name", ["diffhpe-wrapper-robust", "diffhpe-2d", "mixste"])
def test_shipped_models_give_the_same_poses(name, windows):
    found, expected = (
        Lifter.from_pretrained(name, engine=each).lift(windows).hypotheses
        for each in ("native", "reference")
    )
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)  # metres


@needs_library
def test_far_too_large_scores_stay_finite(windows):
    assert np.isfinite(native("mixste")(windows * np.float32(1e6))).all()


@needs_library
@pytest.mark.parametrize("variant", BUILT)
def test_what_is_no_number_is_not_made_one(variant, windows, monkeypatch):
    monkeypatch.setattr(networks, "find_library", lambda: library.open_variant(variant))
    engine = native("diffhpe-wrapper")
    x_t = np.zeros((4, 27, NUM_JOINTS, 3), np.float32)
    x_t[1, 3, 5] = np.nan
    numbers = np.isfinite(engine(x_t, np.array([7]), engine.condition(windows))).all((1, 2, 3))
    assert numbers.tolist() == [True, False, True, True]
    windows[2, 3, 5] = np.nan
    numbers = np.isfinite(engine.condition(windows)).all((1, 2, 3))
    assert numbers.tolist() == [True, True, False, True]


@needs_library
def test_auto_is_native_where_that_can_be(golden_mixste):
    assert Lifter.from_pretrained("diffhpe-wrapper").engine == "native"
    assert Lifter.from_pretrained("diffpose").engine == "folded"
    config = read_model(golden_mixste).config
    with pytest.raises(
        DiffhpeError,
        match="the native engine is not available: it runs only on the cpu, not on cuda",
    ):
        resolve_engine("native", config, "cuda")


def test_without_the_library_auto_is_folded(monkeypatch):
    monkeypatch.setattr(engines, "find_library", lambda: None)
    config = random_config("mixste", TRUNK)
    assert resolve_engine("auto", config) == "folded"
    with pytest.raises(
        DiffhpeError, match="not available: its library was not compiled for this proc"
    ):
        resolve_engine("native", config)


@needs_library
def test_other_sizes_are_refused():
    config = random_config("diffhpe-wrapper")
    assert resolve_engine("auto", config) == "folded"
    with pytest.raises(DiffhpeError, match="it does not support a network of these sizes"):
        resolve_engine("native", config)


@pytest.mark.skipif(not BUILT, reason="no C++ compiler built the library")
@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda lifter: pickle.loads(pickle.dumps(lifter))]
)
def test_lifter_may_be_copied_and_pickled(copied):
    """As workers of a DataLoader or of Ray require."""
    lifter = Lifter.from_pretrained("diffhpe-wrapper-robust", engine="native")
    x_2d = np.random.default_rng(0).normal(scale=0.2, size=(2, 27, 17, 2)).astype(np.float32)
    again = copied(lifter)
    poses = lifter.lift(x_2d).poses
    del lifter
    np.testing.assert_array_equal(again.lift(x_2d).poses, poses)
