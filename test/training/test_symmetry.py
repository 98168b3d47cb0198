"""Training that draws the poses of a window and of its mirror image together."""

from pathlib import Path

import pytest
import torch

pytest.importorskip("lightning", reason="training needs the `train` extra")

from diffhpe_ros.skeleton import JOINTS
from diffhpe_ros.training.mirroring import mirror
from diffhpe_ros.training.modules.symmetry import MirrorPenalty
from diffhpe_ros.training.runner.configuration import compose_configuration
from diffhpe_ros.training.runner.train import Run, assemble


def windows(count: int, channels: int) -> torch.Tensor:
    return torch.randn(count, 27, 17, channels, generator=torch.Generator().manual_seed(0))


def test_windows_are_followed_by_their_mirror_images():
    x_2d = windows(3, 2)
    doubled = MirrorPenalty(0.5).doubled(x_2d)
    assert torch.equal(doubled[:3], x_2d)
    left, right = JOINTS.index("LWrist"), JOINTS.index("RWrist")
    assert torch.equal(doubled[3:, :, left], x_2d[:, :, right] * torch.tensor([-1.0, 1.0]))


def test_penalty_is_the_distance_between_the_two_poses_of_a_window():
    poses = MirrorPenalty(2.0).doubled(windows(3, 3))
    assert MirrorPenalty(2.0)(poses) == 0
    poses[3:, :, 5] += torch.tensor([0.3, 0.0, 0.4])
    assert float(MirrorPenalty(2.0)(poses)) == pytest.approx(2 * 0.5 / 17)


def test_without_weight_nothing_is_mirrored():
    x_2d = windows(3, 2)
    assert MirrorPenalty(0.0).doubled(x_2d) is x_2d
    assert MirrorPenalty(0.0)(x_2d) == 0


def training(experiment: str, data: list[str], out: Path, *settings: str) -> Run:
    common = ["data.batch_size=4", "progress=false", f"out={out}"]
    return assemble(compose_configuration(experiment, [*common, *data, *settings]))


def relative_gap(data: list[str], out: Path, weight: float) -> float:
    """Distance of a trained model's poses of windows and mirror images, relative to their size."""
    run = training(
        "mixste", data, out, "++model.trunk={channels: 16, depth: 1, heads: 2, mlp_ratio: 2.0}",
        "trainer.max_steps=60", "trainer.val_check_interval=60",
        "module.optimisation.learning_rate=1e-2", f"module.symmetry={weight}",
    )  # fmt: skip
    run.fit()
    x_2d, _ = run.data.source.batch(1000)
    with torch.no_grad():
        poses, mirrored = map(run.module.predict, (x_2d, mirror(x_2d)))
    apart = (poses - mirror(mirrored)).norm(dim=-1).mean()
    return float(apart / poses.norm(dim=-1).mean())


def test_trained_model_depends_less_on_left_and_right(data, tmp_path):
    plain = relative_gap(data, tmp_path / "plain", 0.0)
    assert relative_gap(data, tmp_path / "symmetric", 20.0) < 0.7 * plain


def test_denoiser_sees_each_noisy_pose_and_its_mirror_image_at_the_same_step(data, tmp_path):
    run = training(
        "diffhpe-2d", data, tmp_path, "++model.denoiser.channels=8", "++model.denoiser.blocks=1",
        "trainer.max_steps=1", "trainer.val_check_interval=1", "module.draws=2",
        "module.symmetry=0.5",
    )  # fmt: skip
    seen: list[tuple[torch.Tensor, ...]] = []
    run.module.model.register_forward_hook(lambda _, inputs, __: seen.append(inputs))
    run.fit()
    (x, mirrored), (t, t_mirrored), (x_2d, x_2d_mirrored) = (each.chunk(2) for each in seen[0])
    assert len(x) == 8
    assert torch.equal(mirrored, mirror(x)) and torch.equal(t_mirrored, t)
    assert torch.equal(x_2d_mirrored, mirror(x_2d))
