"""Mixtures are fitted to the errors of an encoder, and a denoiser learns to correct them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from walk_recording import write_walk

pytest.importorskip("lightning", reason="training needs the `train` extra")
pytest.importorskip("sklearn", reason="training needs the `train` extra")

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting import Lifter, ModelConfig, build_model, load_model, save_model
from diffhpe_ros.lifting.checkpoints.configuration import TrunkConfig
from diffhpe_ros.lifting.models.diffpose.config import DiffPoseConfig
from diffhpe_ros.lifting.models.diffpose.initial import HIDDEN, SEEN
from diffhpe_ros.lifting.models.diffpose.model import DiffPose
from diffhpe_ros.training.datasets.labelled_windows import LabelledWindows
from diffhpe_ros.training.modules.initial_fit import GaussianFit, MixtureFit, PureNoiseFit
from diffhpe_ros.training.runner.configuration import compose_configuration
from diffhpe_ros.training.runner.export import pack
from diffhpe_ros.training.runner.train import train

WRIST = 16
SIZES = TrunkConfig(channels=16, depth=1, heads=2)
CONFIG = ModelConfig(
    "diffpose",
    input_view="person",
    trunk=SIZES,
    diffpose=DiffPoseConfig(channels=16, blocks=1, heads=2),
)


class TwoPlaces:
    """The wrist is 40 cm nearer or farther than the encoder's, and hidden in half of the
    windows."""

    batches_per_epoch = None

    def __init__(self, model: DiffPose) -> None:
        self.model = model

    def batch(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        generator = torch.Generator().manual_seed(index)
        x_2d = torch.ones(64, 27, 17, 2) + 0.1 * torch.randn(64, 27, 17, 2, generator=generator)
        x_2d[::2, :, WRIST] = 0.0
        errors = 0.02 * torch.randn(64, 1, 17, 3, generator=generator).expand(-1, 27, -1, -1)
        errors = errors + 0.01 * torch.randn(64, 27, 17, 3, generator=generator)
        side = torch.randint(2, (64, 1), generator=generator) * 0.8 - 0.4
        errors[..., WRIST, 2] += side
        errors[:, :, 0] = 0.0
        return x_2d, self.model.encode(x_2d).pose + errors


@pytest.fixture
def model() -> DiffPose:
    torch.manual_seed(0)
    model = build_model(CONFIG)
    assert isinstance(model, DiffPose)
    return model


def test_mixture_finds_both_places_of_a_joint(model):
    MixtureFit(batches=4)(model, TwoPlaces(model))
    initial = model.initial
    for visibility in (SEEN, HIDDEN):
        depths = initial.means[WRIST, visibility, 1, :, 2]
        weights = initial.weights[WRIST, visibility, 1]
        assert abs(weights[depths < 0].sum() - 0.5) < 0.1
        torch.testing.assert_close(depths.abs(), torch.full((5,), 0.4), atol=0.05, rtol=0)
    together = initial.time @ initial.time.T
    assert torch.allclose(together.diagonal(), torch.ones(27), atol=1e-4)
    assert together[0, -1] > 0.5  # most of an error persists


def test_gaussian_takes_both_places_for_one_wide_one(model):
    GaussianFit(batches=2)(model, TwoPlaces(model))
    std = model.initial.factors[WRIST, SEEN, 1, 0].norm(dim=-1)
    assert 0.38 < std[2] < 0.43 and std[0] < 0.05
    assert model.initial.means.abs().max() == 0


def test_pure_noise_knows_nothing_of_the_window(model):
    PureNoiseFit(std=0.3)(model, TwoPlaces(model))
    pose, x_2d = torch.randn(2, 27, 17, 3), torch.ones(2, 27, 17, 2)
    component = model.initial.draw(pose, x_2d, torch.rand(2, 17))
    assert component.mean.abs().max() == 0
    torch.testing.assert_close(component.factor[0, 0, 0], 0.3 * torch.eye(3))


@pytest.fixture(scope="module")
def encoder(tmp_path_factory) -> Path:
    torch.manual_seed(1)
    config = ModelConfig("mixste", input_view="person", trunk=SIZES)
    folder = tmp_path_factory.mktemp("models") / "encoder"
    save_model(build_model(config), config, folder)
    return folder


@pytest.fixture(scope="module")
def settings(encoder, tmp_path_factory) -> list[str]:
    folder = tmp_path_factory.mktemp("data")
    write_walk(folder)
    windows = whole_windows()
    np.savez(folder / "validation.npz", x=windows.x_2d, y=windows.poses - windows.poses[:, :, :1])
    return [
        f"data.mocap={folder}/mocap.npz",
        f"data.validation={folder}/validation.npz",
        "++model.trunk={channels: 16, depth: 1, heads: 2, mlp_ratio: 2.0}",
        "++model.diffpose={channels: 16, blocks: 1, heads: 2}",
        f"backbone={encoder}",
        "init_distribution=gaussian",
        "module.initial.batches=1",
        "data.batch_size=4",
        "trainer.val_check_interval=2",
        "progress=false",
    ]


def whole_windows() -> LabelledWindows:
    rng = np.random.default_rng(0)
    x_2d = 0.3 + 0.1 * rng.normal(size=(6, 27, 17, 2))
    return LabelledWindows(
        x_2d.astype(np.float32), rng.normal(size=(6, 27, 17, 3)).astype(np.float32)
    )


def test_training_keeps_encoder_and_mixtures_and_moves_the_rest(settings, encoder, tmp_path):
    out = tmp_path / "run"
    folder = train(
        compose_configuration("diffpose", [*settings, f"out={out}", "trainer.max_steps=3"])
    )
    trained, holds = load_model(folder), load_model(encoder)
    for name, value in holds.state_dict().items():
        assert torch.equal(trained.state_dict()[name], value), name
    assert trained.denoiser.output.linear.weight.abs().max() > 0
    assert trained.initial.factors.std() > 0

    packed = tmp_path / "packed"
    with pytest.raises(DiffhpeError, match="in the same folder"):
        pack(folder, packed, encoder, [whole_windows()])
    packed = encoder.parent / "packed"
    pack(folder, packed, encoder, [whole_windows()])
    before, after = (
        Lifter.from_pretrained(each, hypotheses=2, steps=2).lift(whole_windows().x_2d).poses
        for each in (folder, packed)
    )
    assert np.abs(before - after).mean() < 1e-4
    assert (packed / "model.safetensors").stat().st_size < (
        folder / "model.safetensors"
    ).stat().st_size


def test_resumed_training_comes_to_the_same_weights(settings, tmp_path):
    def run(name: str, *more: str) -> Path:
        overrides = [*settings, f"out={tmp_path / name}", "trainer.max_steps=4", *more]
        return train(compose_configuration("diffpose", overrides))

    whole = load_model(run("whole")).state_dict()
    again = tmp_path / "again"
    again.mkdir()
    run("cut", "checkpoint_every=2")
    for name in ("last.ckpt", "train.yaml"):
        (again / name).write_bytes((tmp_path / "cut" / name).read_bytes())
    resumed = load_model(run("again", "checkpoint_every=2")).state_dict()
    for name, value in whole.items():
        assert torch.equal(resumed[name], value), name


@pytest.mark.parametrize(
    "override", ["refiner_loss=published", "init_distribution=noise", "init_distribution=mixture"]
)
def test_configurations_fit_together(override):
    settings = compose_configuration("diffpose", [override])
    config = ModelConfig.from_dict(
        {"architecture": "diffpose", "diffpose": dict(settings.model.diffpose)}
    )
    assert replace(config.diffpose).prediction == ("noise" if "published" in override else "pose")
