"""The training losses of the lifters."""

import pytest
import torch

from diffhpe_ros.lifting.diffusion.parameterisation import PARAMETERISATIONS, Prediction
from diffhpe_ros.lifting.diffusion.schedule import CosineSchedule
from diffhpe_ros.training.modules.losses import (
    CoherentDistance,
    CoherentLoss,
    Denoised,
    DistanceLoss,
    MinSNRLoss,
    SquaredErrorLoss,
    bone_lengths,
    deviation,
    mean_joint_distance,
)


def poses() -> torch.Tensor:
    return torch.randn((4, 27, 17, 3), generator=torch.Generator().manual_seed(0))


def loss_of(loss, name: str, error: float, t: int) -> float:
    """The loss of an output whose clean pose is off by `error` everywhere, at step t."""
    x_0, noise = poses(), poses().flip(0)
    signal, spread = CosineSchedule().signal_and_noise(torch.full((4,), t))
    meaning = PARAMETERISATIONS[name]()
    x_t = signal * x_0 + spread * noise
    wrong = x_0 + error
    output = meaning.target(wrong, (x_t - signal * wrong) / spread, signal, spread)
    prediction = meaning.read(output, x_t, signal, spread)
    target = meaning.target(x_0, noise, signal, spread)
    return float(loss(Denoised(output, target, prediction, x_0, signal, spread)))


def test_mean_joint_distance_is_the_mpjpe():
    assert mean_joint_distance(poses() + torch.tensor([3.0, 0, 4.0]), poses()) == pytest.approx(5)


@pytest.mark.parametrize("name", PARAMETERISATIONS)
@pytest.mark.parametrize("t", [0, 20, 49])
def test_min_snr_weighs_the_clean_pose_alike_for_every_parameterisation(name, t):
    alpha_bar = float(CosineSchedule().alpha_bar[t])
    weight = min(alpha_bar / (1 - alpha_bar), 5.0) / 5.0
    assert loss_of(MinSNRLoss(), name, 0.1, t) == pytest.approx(0.01 * weight, rel=0.02)


def test_plain_loss_of_the_noise_weighs_the_pose_by_the_signal_to_noise_ratio():
    alpha_bar = float(CosineSchedule().alpha_bar[20])
    expected = 0.01 * alpha_bar / (1 - alpha_bar)
    assert loss_of(SquaredErrorLoss(), "noise", 0.1, 20) == pytest.approx(expected, rel=1e-3)


def test_bones_that_keep_their_length_deviate_by_next_to_nothing():
    rigid = poses()[:, :1].expand(-1, 27, -1, -1)
    assert deviation(bone_lengths(rigid)) < 2e-4
    pulsing = rigid * (1 + 0.1 * torch.arange(27).remainder(3).sub(1).view(27, 1, 1))
    expected = float(0.1 * (2 / 3) ** 0.5 * bone_lengths(rigid).mean())
    assert deviation(bone_lengths(pulsing)) == pytest.approx(expected, rel=1e-3)


def test_coherent_loss_adds_the_bones_to_another():
    """An output with the same error for all joints: its bones have the true lengths."""
    plain = loss_of(SquaredErrorLoss(), "pose", 0.1, 20)
    steadiness = float(deviation(bone_lengths(poses())))
    assert loss_of(CoherentLoss(SquaredErrorLoss(), 5.0, 2.0), "pose", 0.1, 20) == pytest.approx(
        plain + 2 * steadiness, rel=1e-4
    )
    stretched = float((0.1 * bone_lengths(poses())).square().mean())
    loss = CoherentLoss(SquaredErrorLoss(), 5.0, 0.0)
    ones = torch.ones(4, 1, 1, 1)
    prediction = Prediction(1.1 * poses(), poses())
    found = loss(Denoised(poses(), poses(), prediction, poses(), ones, ones))
    assert float(found) == pytest.approx(5 * stretched, rel=1e-4)


def test_mixste_may_be_trained_with_the_same_coherence():
    """In metres with poses of scale s: the wrapper's loss times s, if `lengths` is divided by s."""
    scale, ones = 0.28, torch.ones(4, 1, 1, 1)
    estimate = Prediction(poses().flip(0), poses())
    denoised = Denoised(poses(), poses(), estimate, poses(), ones, ones)
    wrapper = CoherentLoss(DistanceLoss(), lengths=6.0, steadiness=2.0)(denoised)
    mixste = CoherentDistance(6.0 / scale, 2.0)(scale * estimate.pose, scale * poses())
    assert float(mixste) == pytest.approx(scale * float(wrapper), rel=1e-4)


def test_last_frame_may_count_for_more():
    wrong = poses()
    wrong[:, -1] += torch.tensor([3.0, 0, 4.0])
    ones = torch.ones(4, 1, 1, 1)
    denoised = Denoised(wrong, poses(), Prediction(wrong, poses()), poses(), ones, ones)
    assert float(DistanceLoss(last=0.3)(denoised)) == pytest.approx(5 / 27 + 0.3 * 5, rel=1e-4)
