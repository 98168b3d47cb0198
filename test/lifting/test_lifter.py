"""The lifter's contract: shapes, determinism, settings, and clear errors."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from random_models import random_config, random_model

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting import Lifter
from diffhpe_ros.lifting.backends.base import SEQUENCES_AT_ONCE
from diffhpe_ros.lifting.diffusion.noise import noise_seed


@pytest.fixture
def lifter(wrapper_folder) -> Lifter:
    return Lifter.from_pretrained(wrapper_folder, steps=3, hypotheses=4)


def test_shapes_and_root(lifter, windows):
    result = lifter.lift(windows)
    assert result.poses.shape == (4, 27, 17, 3)
    assert result.hypotheses.shape == (4, 4, 27, 17, 3)
    assert result.covariance.shape == (4, 27, 17, 3, 3)
    assert np.all(result.poses[:, :, 0] == 0)


def test_poses_are_the_mean_of_distinct_hypotheses(lifter, windows):
    result = lifter.lift(windows)
    np.testing.assert_allclose(result.poses, result.hypotheses.mean(1), atol=1e-6)
    assert result.hypotheses.std(1)[:, :, 1:].min() > 0


def test_covariance_is_spread_plus_residual(wrapper_folder, windows):
    many = Lifter.from_pretrained(wrapper_folder, steps=3, hypotheses=4).lift(windows)
    single = Lifter.from_pretrained(wrapper_folder, steps=3, hypotheses=1).lift(windows)
    sample = many.hypotheses[0, :, 5, 16]
    residual = single.covariance[0, 5, 16]  # one hypothesis has no spread
    np.testing.assert_allclose(np.trace(residual), 1e-6 * (100 + 400 + 900), rtol=1e-4)
    expected = np.cov(sample, rowvar=False) + residual
    np.testing.assert_allclose(many.covariance[0, 5, 16], expected, rtol=1e-3, atol=1e-9)


def test_error_that_was_never_measured_is_assumed_with_a_warning(windows):
    config = random_config("mixste")
    lifter = Lifter(random_model("mixste"), config)
    covariance = lifter.lift(windows).covariance
    expected = np.broadcast_to(0.01 * np.eye(3), covariance[:, :, 1:].shape)
    np.testing.assert_allclose(covariance[:, :, 1:], expected, atol=1e-7)
    assert not covariance[:, :, 0].any()
    (warning,) = lifter.warnings
    assert "was not measured: 100 mm are assumed for each joint; diffhpe calibrate" in warning


def test_same_batch_gives_the_same_bits(wrapper_folder, windows):
    first, second = (Lifter.from_pretrained(wrapper_folder, seed=3).lift(windows) for _ in range(2))
    assert first.hypotheses.tobytes() == second.hypotheses.tobytes()


def test_another_batch_composition_gives_the_same_poses(lifter, windows):
    together = lifter.lift(windows).poses
    alone = np.concatenate([lifter.lift(windows[k : k + 1]).poses for k in (0, 1, 2, 3)])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_seed_matters(wrapper_folder, windows):
    first, second = (Lifter.from_pretrained(wrapper_folder, seed=k).lift(windows) for k in (0, 1))
    assert np.abs(first.poses - second.poses).max() > 1e-4


def test_large_batches_are_lifted_in_parts(lifter, windows, monkeypatch):
    whole = lifter.lift(windows).poses
    monkeypatch.setitem(SEQUENCES_AT_ONCE, "cpu", 8)
    np.testing.assert_allclose(lifter.lift(windows).poses, whole, atol=1e-5)


def test_stream_seeds_by_person_and_stamp(lifter, windows):
    stream, ann, bob = lifter.stream(), ("camera", 0), ("camera", 1)
    same = windows[:1].repeat(3, 1, 1, 1)
    poses = stream.lift(same, [ann, bob, ann], [7, 7, 8]).poses
    again = stream.lift(same[:1], [bob], [7]).poses
    np.testing.assert_allclose(poses[1], again[0], atol=1e-5)
    assert np.abs(poses[0] - poses[1]).max() > 1e-5
    assert np.abs(poses[0] - poses[2]).max() > 1e-5


def test_noise_seed_is_fixed_for_all_time():
    assert noise_seed(0, ("camera", 3), 123) == 54860030051158446


def test_mixste_has_one_hypothesis(golden_mixste, windows):
    result = Lifter.from_pretrained(golden_mixste, preset="faithful").lift(windows)
    assert result.hypotheses.shape[1] == 1
    np.testing.assert_array_equal(result.poses, result.hypotheses[:, 0])


def test_faithful_is_ddpm_50_x_5(wrapper_folder):
    preset = Lifter.from_pretrained(wrapper_folder, preset="faithful").preset
    assert (preset.sampler, preset.steps, preset.hypotheses) == ("ddpm", 50, 5)


@pytest.mark.parametrize("engine", ["auto", "folded", "reference"])
def test_precision_of_the_program_around_changes_nothing(wrapper_folder, windows, engine):
    expected = Lifter.from_pretrained(wrapper_folder, engine=engine).lift(windows).poses
    torch.set_default_dtype(torch.float64)
    try:
        made = Lifter.from_pretrained(wrapper_folder, engine=engine)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            poses = made.lift(windows).poses
    finally:
        torch.set_default_dtype(torch.float32)
    np.testing.assert_array_equal(poses, expected)


def test_weights_of_double_precision_are_taken(wrapper_folder, windows):
    lifter = Lifter.from_pretrained(wrapper_folder)
    double = Lifter(deepcopy(lifter.model).double(), lifter.config)
    np.testing.assert_array_equal(double.lift(windows).poses, lifter.lift(windows).poses)


def test_window_without_a_joint_is_nan(lifter, windows):
    windows = windows.clone()
    windows[2] = 0
    poses = lifter.lift(windows).poses
    assert np.isnan(poses[2]).all()
    assert np.isfinite(poses[[0, 1, 3]]).all()


def test_confidence_zero_means_unseen(lifter, windows):
    confidence = np.ones((4, 27, 17), np.float32)
    confidence[:, :, 16] = 0
    hidden = windows.clone()
    hidden[:, :, 16] = 0
    np.testing.assert_array_equal(lifter.lift(windows, confidence).poses, lifter.lift(hidden).poses)


def test_no_windows(lifter):
    assert lifter.lift(np.zeros((0, 27, 17, 2))).poses.shape == (0, 27, 17, 3)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"preset": "best"}, "unknown preset 'best'; expected one of fast, balanced, faithful"),
        ({"sampler": "euler"}, "unknown sampler 'euler'"),
        ({"steps": 51}, "sampling steps must be 1 to 50, got 51"),
        ({"steps": 0}, "sampling steps must be 1 to 50, got 0"),
        ({"hypotheses": 0}, "hypotheses must be at least 1, got 0"),
        ({"seed": 2**63}, "a seed of at most 63 bits is expected, got 9223372036854775808"),
        ({"device": "tpu"}, "unknown device 'tpu'"),
        ({"device": "cuda:99"}, "device 'cuda:99' is not available"),
    ],
)
def test_bad_settings_are_refused(wrapper_folder, settings, message):
    with pytest.raises(DiffhpeError, match=message):
        Lifter.from_pretrained(wrapper_folder, **settings)


@pytest.mark.parametrize(
    ("x_2d", "message"),
    [
        (np.zeros((27, 17, 2)), r"x_2d must be \(B, 27, 17, 2\), got \(27, 17, 2\)"),
        (np.zeros((1, 26, 17, 2)), r"got \(1, 26, 17, 2\)"),
        (np.full((1, 27, 17, 2), np.nan), r"x_2d holds NaN or infinity"),
    ],
)
def test_bad_windows_are_refused(lifter, x_2d, message):
    with pytest.raises(DiffhpeError, match=message):
        lifter.lift(x_2d)


def test_bad_confidence_is_refused(lifter, windows):
    with pytest.raises(DiffhpeError, match="confidence must be"):
        lifter.lift(windows, confidence=np.ones((4, 27)))
