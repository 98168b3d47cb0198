"""Ellipsoids that contain the correct share of true joints."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from diffhpe_ros.lifting import Lifter, ModelConfig, build_model
from diffhpe_ros.lifting.checkpoints.configuration import TrunkConfig
from diffhpe_ros.lifting.pipeline.variance_features import VARIANCE_FEATURES
from diffhpe_ros.lifting.pipeline.variance_network import JOINT_INPUTS
from diffhpe_ros.skeleton import JOINTS
from diffhpe_ros.training.calibration.calibrate import best_fit, calibrate, fits_by_part
from diffhpe_ros.training.calibration.coverage import nominal, shares, squared_sigmas
from diffhpe_ros.training.calibration.fit import fit
from diffhpe_ros.training.calibration.held_out import EVERYBODY, HeldOut
from diffhpe_ros.training.calibration.measured_errors import (
    MeasuredErrors,
    measure_errors,
    unsure_joints,
)
from diffhpe_ros.training.calibration.network_fit import with_network
from diffhpe_ros.training.datasets.labelled_windows import LabelledWindows

STD = np.array([0.01, 0.02, 0.05])
PEOPLE = np.repeat(np.array(["ann", "bob", "cid", "dan"]), 50)


def made_up(of_person: dict[str, float], slope: float = 0.0) -> MeasuredErrors:
    """Gaussian errors, larger for some people, and larger with the first variance feature."""
    rng = np.random.default_rng(0)
    features = np.zeros((200, 7, 16, len(VARIANCE_FEATURES)))
    features[..., 0] = rng.normal(size=(200, 1, 1))
    size = np.array([of_person.get(person, 1.0) for person in PEOPLE])[:, None, None]
    size = size * np.exp(slope * features[..., 0])
    return MeasuredErrors(
        errors=rng.normal(size=(200, 7, 16, 3)) * STD * size[..., None],
        spread=np.zeros((200, 7, 16, 3, 3)),
        features=features,
        body=rng.normal(size=(200, 7, 17, JOINT_INPUTS)).astype(np.float32),
        person=PEOPLE,
        condition=np.full(200, "unchanged"),
        coherence_mm=np.ones((200, 3)),
    )


def test_shares_of_a_gaussian_are_those_of_chi_square():
    assert [nominal(sigma) for sigma in (1, 2, 3)] == pytest.approx(
        [0.1987, 0.7385, 0.9707], abs=1e-4
    )
    rng = np.random.default_rng(0)
    covariance = np.array([[4.0, 1.0, 0.0], [1.0, 2.0, 0.5], [0.0, 0.5, 1.0]])
    errors = rng.multivariate_normal(np.zeros(3), covariance, 20_000)
    found = shares(squared_sigmas(errors, covariance), (1.0, 2.0))
    assert found == pytest.approx([0.1987, 0.7385], abs=0.01)


def held_out(measured: MeasuredErrors) -> HeldOut:
    return HeldOut.of(measured, fits_by_part(measured))


def scales(held_out: HeldOut) -> np.ndarray:
    return np.exp(held_out.log_scales()[:, 0])


def test_fit_finds_standard_deviations_and_slopes():
    found = fit(made_up({}, slope=0.5))
    np.testing.assert_allclose(found.slopes[:, 0], 0.5, atol=0.05)
    ratio = np.exp(found.log_std).mean(0) / STD
    assert ratio.std() < 0.02
    scaled = scales(held_out(made_up({}, slope=0.5)))
    assert scaled * ratio.mean() == pytest.approx(np.ones(16), abs=0.06)


def test_joints_grow_with_a_feature_each_in_its_own_way():
    measured, wrists = made_up({}, slope=0.5), [12, 15]
    measured.errors[:, :, wrists] *= np.exp(0.5 * measured.features[:, :, wrists, :1])
    found = fit(measured).slopes[:, 0, 0]
    np.testing.assert_allclose(found[wrists], 1.0, atol=0.1)
    np.testing.assert_allclose(np.delete(found, wrists), 0.5, atol=0.05)


def test_people_who_differ_widen_the_ellipsoids():
    alike, differing = made_up({}), made_up({"dan": 3.0})
    narrow, wide = (
        scales(held_out(each)).mean() * np.exp(fit(each).log_std).mean()
        for each in (alike, differing)
    )
    assert wide > 1.1 * narrow


def test_each_joint_is_scaled_by_itself_and_left_as_right():
    """Two people's heads have larger errors: too many are within one sigma, too few in two."""
    head, wrists = 9, [12, 15]  # without the root
    measured = made_up({})
    measured.errors[:100, :, head] *= 3
    measured.errors[:, :, wrists[0]] *= 2
    found = fit(measured)
    np.testing.assert_array_equal(found.log_std[wrists[0]], found.log_std[wrists[1]])
    left_out = held_out(measured)
    squared = left_out.squared.sum(-1) / np.exp(2 * left_out.log_scales()[:, 0])
    within = np.array([shares(squared[..., joint], (1.0, 2.0)) for joint in range(16)])
    off = within - [nominal(1), nominal(2)]
    assert off[head, 0] > 0.03
    assert off[head].sum() == pytest.approx(0, abs=0.01)
    np.testing.assert_allclose(np.delete(off, [head, *wrists], 0), 0, atol=0.03)


def test_axes_grow_with_a_feature_each_in_its_own_way():
    measured = made_up({})
    measured.errors[..., 0] *= np.exp(0.5 * measured.features[..., 0])
    slopes = fit(measured).slopes[:, 0]
    np.testing.assert_allclose(slopes, [[0.5, 0.0, 0.0]] * 16, atol=0.06)


def test_scale_grows_with_guesses_where_likelihood_does_not_see_it():
    """Only the left wrist's errors grow, which the right one's halve in the common fit."""
    wrist, noise = 12, list(VARIANCE_FEATURES).index("keypoint_noise")
    measured = made_up({})
    measured.features[..., noise] = np.random.default_rng(1).uniform(0, 2, (200, 1, 16)) > 1
    measured.errors[:, :, wrist] *= np.exp(measured.features[:, :, wrist, noise, None])
    fitted = fit(measured)
    np.testing.assert_allclose(fitted.slopes[wrist, noise], 0.5, atol=0.1)
    left_out = held_out(measured)
    log_scales = left_out.log_scales()
    scaled = fitted.scaled(log_scales)
    np.testing.assert_allclose(scaled.slopes[wrist, noise], 1.0, atol=0.15)
    scale = np.exp((left_out.features * log_scales).sum(-1))[..., wrist]
    distances = left_out.squared[:, :, wrist].sum(-1) / scale**2
    guessed = measured.features[..., wrist, noise] > 0
    for part in (distances[guessed], distances[~guessed]):
        assert sum(shares(part, (1.0, 2.0))) == pytest.approx(nominal(1) + nominal(2), abs=0.02)


def test_people_left_out_are_measured_without_their_own_scale():
    """One of four has errors of half the size: for him the others' ellipsoids are too large."""
    measured = made_up({"ann": 0.5})
    measured.spread[:] = np.diag(np.square(STD / 10))
    squared = held_out(measured).left_out().squared
    within = {person: shares(squared[person == PEOPLE], (1.0, 2.0)) for person in ("ann", "bob")}
    assert within["ann"][0] > 0.5 and within["ann"][1] > 0.95
    assert within["bob"][0] < 0.25


def test_what_hypotheses_spread_is_not_counted_twice():
    measured = replace(made_up({}), person=np.full(200, "ann"))
    fitted = fit(measured)
    measured.spread[:] = np.diag(np.square(STD) / 2)
    left_out = HeldOut.of(measured, {EVERYBODY: fitted})
    own = scales(left_out)[:, None] * np.exp(fitted.log_std)
    np.testing.assert_allclose(own / STD, np.sqrt(0.5), atol=0.08)


HEAD, LEAN = (JOINTS.index("Head"), 1), (JOINTS.index("Thorax"), 0)


def two_frames(measured: MeasuredErrors) -> MeasuredErrors:
    shown = {name: each[:, :2] for name, each in vars(measured).items() if each.ndim > 2}
    return replace(measured, **shown)


def hard_where(joint: int, axis: int, joints: slice | list[int] = slice(None)) -> MeasuredErrors:
    """Errors of some joints are 1.6 times as large where that of the body is positive, else 0.6."""
    made = two_frames(made_up({}))
    windows = {name: np.concatenate([each] * 2) for name, each in vars(made).items()}
    rng = np.random.default_rng(1)
    windows["errors"] = rng.normal(size=windows["errors"].shape) * STD
    windows["body"] = np.zeros((*windows["errors"].shape[:2], 17, JOINT_INPUTS), np.float32)
    windows["body"][..., joint, axis] = rng.normal(size=windows["body"].shape[:2])
    size = np.exp(0.5 * np.sign(windows["body"][..., joint, axis]))[..., None, None]
    windows["errors"][:, :, joints] *= size
    return MeasuredErrors(**windows)


def test_network_learns_which_poses_are_hard_where_that_is_so_for_new_people():
    """No variance feature tells where the Head is low."""
    measured = hard_where(*HEAD)
    best = best_fit(measured)
    assert best.fitted.network is not None
    assert best.held_out.loss < held_out(measured).loss - 0.1
    assert best.network_gain > 0.1
    std, low = np.exp(best.fitted.log_std_of(measured)), measured.body[:, :, HEAD[0], HEAD[1]] > 0
    assert np.median(std[low]) > 2 * np.median(std[~low])


def test_network_is_left_out_where_it_does_not_help_new_people():
    best = best_fit(two_frames(made_up({})))
    assert best.fitted.network is None and best.network_gain == 0


def test_network_learns_from_mirrored_people_too():
    """What is so for left arms when people lean to the right is so for right ones."""
    measured = hard_where(*LEAN, joints=[JOINTS.index("LWrist") - 1])
    fitted = with_network(fit(measured), measured)
    std = np.exp(fitted.log_std_of(measured))[:, :, JOINTS.index("RWrist") - 1]
    lean = measured.body[:, :, LEAN[0], LEAN[1]]
    assert np.median(std[lean < 0]) > 1.2 * np.median(std[lean > 0])


def test_unsure_joints_have_lasting_errors_of_the_size_that_is_stated():
    standing = np.stack([np.linspace(-0.1, 0.1, 17), np.linspace(-0.5, 0.5, 17)], -1)
    x_2d = np.tile(standing, (200, 27, 1, 1)).astype(np.float32)
    x_2d[:, :, 3] = 0
    found, stated = unsure_joints(x_2d)
    np.testing.assert_array_equal(found[:, :, 3], 0)
    sd = np.sqrt(stated[:, 0, :, 0, 0])
    unsure = sd > 1.1 * sd.min()
    assert unsure.mean() == pytest.approx(0.3, abs=0.03)
    assert 15 < sd.max() / sd.min() < 18.1
    errors = np.delete(found - x_2d, 3, 2)
    unsure, sd = np.delete(unsure, 3, 1), np.delete(sd, 3, 1)
    assert (errors.transpose(0, 2, 1, 3)[~unsure] == 0).all()
    relative = errors.transpose(0, 2, 1, 3)[unsure] / sd[unsure][:, None, None]
    assert 0.65 < np.sqrt((relative**2).mean()) < 1
    assert np.abs(np.diff(relative, axis=1)).mean() < 0.1 * np.abs(relative).mean()


def test_model_is_calibrated_on_windows():
    rng = np.random.default_rng(0)
    torch.manual_seed(0)
    config = ModelConfig("mixste", "person", trunk=TrunkConfig(channels=8, depth=1, heads=2))
    model = build_model(config).eval()
    x = rng.uniform(-0.5, 0.5, (8, 27, 17, 2)).astype(np.float32)
    truth = LabelledWindows(x, rng.normal(0, 0.3, (8, 27, 17, 3)).astype(np.float32))
    nobody = LabelledWindows(np.zeros_like(x[:1]), truth.poses[:1])
    calibration = calibrate(model, config, [truth, nobody])
    found = calibration.config
    assert ModelConfig.from_dict(found.to_dict()) == found
    limits = found.coherence_limits
    assert limits is not None and limits.symmetry_gap_mm > 0
    assert calibration.left_out.squared.shape == (24, 5, 16)
    measured = measure_errors(Lifter(model, found), [truth])
    assert measured.errors.shape == (24, 5, 16, 3)
    assert np.isfinite(measured.coherence_mm).all(1).sum() == 8
    own = Lifter(model, found).lift(x).covariance
    assert np.linalg.eigvalsh(own[:, :, 1:]).min() > 1e-6
    assert (own[:, :, 0] == 0).all()
