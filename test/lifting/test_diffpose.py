"""DiffPose: an encoder's pose, the distribution of its errors, and a denoiser for them."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting import Lifter, ModelConfig, build_model, save_model
from diffhpe_ros.lifting.checkpoints.configuration import TrunkConfig
from diffhpe_ros.lifting.diffusion.schedule import CosineSchedule, LinearSchedule
from diffhpe_ros.lifting.models.diffpose.config import DiffPoseConfig
from diffhpe_ros.lifting.models.diffpose.graph import chebyshev_polynomials, scaled_laplacian
from diffhpe_ros.lifting.models.diffpose.initial import (
    HIDDEN,
    HIDDEN_NOW,
    SEEN,
    USUAL_ERROR,
    InitialDistribution,
    detector_variance,
    metres_per_unit,
    side_of,
    visibility_of,
    widened,
)
from diffhpe_ros.lifting.models.diffpose.model import DiffPose, antithetic
from diffhpe_ros.lifting.pipeline.views import PersonView
from diffhpe_ros.lifting.window_batch import WindowBatch

KNEE, FOOT = 2, 3
SMALL = DiffPoseConfig(channels=16, blocks=1, heads=2)
CONFIG = ModelConfig(
    "diffpose",
    input_view="person",
    trunk=TrunkConfig(channels=16, depth=1, heads=2),
    diffpose=SMALL,
)


def small_model(config: ModelConfig = CONFIG, answers: float = 1.0) -> DiffPose:
    """Random weights, also in the denoiser's last layer, which is initialised with zeros."""
    torch.manual_seed(0)
    model = build_model(config)
    assert isinstance(model, DiffPose)
    torch.nn.init.normal_(model.denoiser.output.linear.weight, std=answers)
    model.initial.factors.mul_(0.05)  # 5 cm
    return model.eval()


def two_modes() -> InitialDistribution:
    """A hidden joint is 30 cm nearer or 30 cm farther, a seen one at the encoder's position."""
    initial = InitialDistribution(frames=27, components=2)
    initial.factors.mul_(0.01)
    initial.means[:, HIDDEN, :, 0, 2] = -0.3
    initial.means[:, HIDDEN, :, 1, 2] = 0.3
    return initial


def test_noise_comes_antithetic():
    noise = torch.randn(2 * 5, 27, 17, 3)
    a, b, c, d, e = antithetic(noise, 5).unflatten(0, (2, 5)).unbind(1)
    assert torch.equal(b, -a) and torch.equal(d, -c)
    assert not torch.equal(a, c) and torch.equal(e, noise.unflatten(0, (2, 5))[:, 4])


def test_untrained_denoiser_gives_the_encoders_pose(windows):
    model = small_model(answers=0.0)
    poses = Lifter(model, CONFIG, hypotheses=3, steps=3).lift(windows).hypotheses
    alone = model.encode(PersonView().to_model_view(windows)[0]).pose
    lengths = np.linalg.norm(poses, axis=-1)  # the same in any view
    np.testing.assert_allclose(lengths[:, 0], alone.norm(dim=-1), atol=1e-5)
    np.testing.assert_allclose(poses[:, 2], poses[:, 0], atol=1e-5)


def test_hypotheses_are_distinct_and_one_seed_gives_the_same_bits(windows):
    lifter = Lifter(small_model(), CONFIG, hypotheses=4, steps=3, seed=7)
    result = lifter.lift(windows)
    assert result.hypotheses.shape == (4, 4, 27, 17, 3)
    assert result.hypotheses.std(1)[:, :, 1:].min() > 0
    assert np.all(result.poses[:, :, 0] == 0)
    assert lifter.lift(windows).hypotheses.tobytes() == result.hypotheses.tobytes()


def test_another_batch_composition_gives_the_same_poses(windows):
    lifter = Lifter(small_model(), CONFIG, hypotheses=2, steps=2)
    together = lifter.lift(windows).poses
    alone = np.concatenate([lifter.lift(windows[k : k + 1]).poses for k in range(4)])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_model_folder_holds_the_mixtures(windows, tmp_path):
    model = small_model()
    save_model(model, CONFIG, tmp_path)
    read = Lifter.from_pretrained(tmp_path, hypotheses=2, steps=2)
    assert read.config == CONFIG
    np.testing.assert_array_equal(read.model.initial.factors, model.initial.factors)
    direct = Lifter(model, CONFIG, hypotheses=2, steps=2).lift(windows)
    assert read.lift(windows).poses.tobytes() == direct.poses.tobytes()


def test_states_are_poses_in_the_terms_of_a_component():
    pose = torch.randn(3, 27, 17, 3)
    component = two_modes().draw(pose, torch.ones(3, 27, 17, 2), torch.rand(3, 17))
    torch.testing.assert_close(component.pose(component.state(pose + 0.1)), pose + 0.1)
    assert component.state(component.mean).abs().max() == 0


def test_chance_selects_the_mode_and_the_encoder_shifts_it():
    pose = torch.zeros(2, 27, 17, 3)
    pose[..., 2] = 0.7
    x_2d = torch.ones(2, 27, 17, 2)
    x_2d[:, :, FOOT] = 0.0  # never seen
    chance = torch.tensor([[0.1], [0.9]]).expand(2, 17)
    depth = two_modes().draw(pose, x_2d, chance).mean[..., 2]
    torch.testing.assert_close(depth[:, 0, FOOT], torch.tensor([0.4, 1.0]))
    torch.testing.assert_close(depth[:, 0, KNEE], torch.tensor([0.7, 0.7]))


def test_joints_are_told_apart_by_how_well_they_were_seen():
    x_2d = torch.ones(1, 27, 17, 2)
    x_2d[:, 5:9, KNEE] = 0.0
    x_2d[:, :, FOOT] = 0.0
    seen = visibility_of(x_2d)
    assert seen[0, 4, KNEE] == SEEN and seen[0, 5, KNEE] == HIDDEN_NOW
    assert (seen[0, :, FOOT] == HIDDEN).all() and (seen[0, :, 0] == SEEN).all()


def test_joints_are_told_apart_by_the_side_of_their_parent():
    pose = torch.zeros(1, 1, 17, 3)
    pose[0, 0, KNEE] = torch.tensor([0.0, 0.3, -0.4])  # nearer than its hip
    pose[0, 0, FOOT] = torch.tensor([0.0, 0.8, -0.4])  # beside its knee
    side = side_of(pose)[0, 0]
    assert side[KNEE] == 0 and side[FOOT] == 1


def test_detectors_variance_widens_beside_the_axis_alone():
    pose = torch.zeros(1, 27, 17, 3)
    component = two_modes().draw(pose, torch.ones(1, 27, 17, 2), torch.rand(1, 17))
    variance = torch.diag_embed(torch.tensor([0.03, 0.0]).square()).expand(1, 27, 17, 2, 2)
    factor = widened(component, variance).factor[0, 0, 0]
    expected = torch.diag(torch.tensor([0.03**2 + 0.01**2, 0.01**2, 0.01**2]))
    torch.testing.assert_close(factor @ factor.T, expected)


def test_unit_of_the_view_in_metres_is_depth_over_focal_length():
    pose = torch.randn(2, 27, 17, 3) * torch.tensor([0.3, 0.5, 0.0])
    x_2d = 2.29 * pose[..., :2] / 4.0 + 0.1  # four metres away
    x_2d[0, :, FOOT] = 0.0
    torch.testing.assert_close(metres_per_unit(pose, x_2d).flatten(), torch.full((2,), 4 / 2.29))
    assert metres_per_unit(pose, torch.zeros_like(x_2d)).abs().max() == 0


def observed(pose: torch.Tensor, confidence: float, covariance: float = torch.nan) -> WindowBatch:
    """Seen four metres away."""
    x_2d = 2.29 * pose[..., :2] / 4.0 + 0.1
    covariance_2d = (
        torch.eye(2) * covariance if covariance == covariance else torch.full((2, 2), covariance)
    )
    sure = torch.full(pose.shape[:-1], confidence)
    return WindowBatch(x_2d, sure, covariance_2d.expand(*x_2d.shape, 2))


def test_detectors_own_covariance_counts_and_its_confidence_where_it_gives_none():
    pose = torch.randn(1, 27, 17, 3) * torch.tensor([0.3, 0.5, 0.0])
    sure, unsure = (detector_variance(pose, observed(pose, each)) for each in (1.0, 0.5))
    assert sure.abs().max() == 0
    torch.testing.assert_close(unsure[0, 3, 5], USUAL_ERROR**2 * torch.eye(2))
    given = detector_variance(pose, observed(pose, 0.5, covariance=0.02**2))
    torch.testing.assert_close(given[0, 3, 5], (0.02 * 4 / 2.29) ** 2 * torch.eye(2))


def test_what_the_detector_is_unsure_of_changes_the_hypotheses(windows):
    lifter = Lifter(small_model(), CONFIG, hypotheses=4, steps=2)
    sure = lifter.lift(windows, confidence=np.ones((4, 27, 17)))
    wide = np.broadcast_to(0.05**2 * np.eye(2), (4, 27, 17, 2, 2))
    unsure = lifter.lift(windows, covariance_2d=wide)
    assert np.abs(unsure.hypotheses - sure.hypotheses).mean() > 1e-3
    assert sure.hypotheses.tobytes() == lifter.lift(windows).hypotheses.tobytes()


def test_chebyshev_polynomials_of_the_skeleton():
    first, second = chebyshev_polynomials(scaled_laplacian()).double()
    eigenvalues = torch.linalg.eigvalsh(first)
    assert eigenvalues.min() >= -1 - 1e-6 and eigenvalues.max() <= 1 + 1e-6
    torch.testing.assert_close(second, 2 * first @ first - torch.eye(17, dtype=torch.float64))


def test_schedules_end_in_noise_and_near_the_pose():
    assert CosineSchedule(50).alpha_bar[-1] < 2e-3
    assert LinearSchedule(51).alpha_bar[-1] == pytest.approx(0.9723, abs=1e-4)


@pytest.mark.parametrize(
    "changes",
    [
        {"schedule": "released", "steps": 51},
        {"prediction": "noise"},
        {"context": False},
        {"window": False},
    ],
)
def test_published_and_reduced_variants_lift(changes, windows):
    config = replace(CONFIG, diffpose=replace(SMALL, **changes))
    poses = Lifter(small_model(config, 0.1), config, hypotheses=2, steps=5).lift(windows).poses
    assert np.isfinite(poses).all()


def test_frame_version_looks_at_each_frame_for_itself(windows):
    model = small_model(replace(CONFIG, diffpose=replace(SMALL, window=False)))
    context = model.encode(windows)
    component = model.initial.draw(context.pose, windows, torch.rand(4, 17))
    noisy, t = torch.randn(4, 27, 17, 3), torch.full((4,), 10)
    before = model(noisy, t, context, component)
    noisy[:, 20] += 1.0
    moved = (model(noisy, t, context, component) - before).abs().amax((0, 2, 3)) > 1e-6
    assert moved.nonzero().flatten().tolist() == [20]


def test_unknown_settings_are_refused():
    with pytest.raises(DiffhpeError, match="schedule is 'square'; cosine, released is expected"):
        ModelConfig.from_dict({"architecture": "diffpose", "diffpose": {"schedule": "square"}})
    with pytest.raises(DiffhpeError, match="the onnx engine does not support diffpose"):
        Lifter(small_model(), CONFIG, engine="onnx")
