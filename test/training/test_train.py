"""Training from a configuration to a model folder, and on after an interruption."""

from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("lightning", reason="training needs the `train` extra")

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting import Lifter, load_model
from diffhpe_ros.lifting.checkpoints import load_with_config
from diffhpe_ros.rendering.walk import CircleWalk
from diffhpe_ros.training.modules import MixSTEModule
from diffhpe_ros.training.optimizers import MuonAdamW
from diffhpe_ros.training.train import compose_configuration, train

SMALL = [
    "++model.trunk={channels: 16, depth: 1, heads: 2, mlp_ratio: 2.0}",
    "data.batch_size=4",
    "trainer.val_check_interval=2",
    "+trainer.enable_progress_bar=false",
]


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> list[str]:
    """Overrides that name two small files in the format of the real ones."""
    folder = tmp_path_factory.mktemp("data")
    poses = [CircleWalk().pose(k / 50) for k in range(80)]
    np.savez(
        folder / "mocap.npz",
        positions=np.array([pose.joints for pose in poses], np.float32),
        head_forward=np.array([pose.head_forward for pose in poses], np.float16),
        offsets=np.array([0, 80]),
        subject=np.array([1]),
    )
    rng = np.random.default_rng(0)
    np.savez(
        folder / "validation.npz",
        x=rng.normal(size=(6, 27, 17, 2)).astype(np.float32),
        y=rng.normal(size=(6, 27, 17, 3)).astype(np.float32),
    )
    return [f"data.mocap={folder}/mocap.npz", f"data.validation={folder}/validation.npz"]


@pytest.fixture(scope="module")
def mixste(data, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("mixste")
    return train(
        compose_configuration("mixste", [*SMALL, *data, f"out={out}", "trainer.max_steps=4"])
    )


def test_a_trained_folder_is_a_model(mixste):
    _, config = load_with_config(mixste)
    assert config.input_view == "person"
    assert config.residual_std_mm is not None and len(config.residual_std_mm) == 17
    assert Lifter.from_pretrained(mixste).lift(np.full((1, 27, 17, 2), 0.1)).poses.shape


def test_an_interrupted_training_goes_on(data, tmp_path, monkeypatch):
    """Interrupted after 2 of 4 steps and run again: the same weights as without."""

    def run(out: str) -> dict[str, torch.Tensor]:
        settings = [
            *(*SMALL, *data, f"out={tmp_path / out}"),
            *("trainer.max_steps=4", "checkpoint_every=2"),
        ]
        return load_model(train(compose_configuration("mixste", settings))).state_dict()

    whole = run("whole")
    step = MixSTEModule.training_step

    def interrupted(self, batch, index):
        if self.global_step == 3:
            raise RuntimeError("the machine went down")
        return step(self, batch, index)

    with monkeypatch.context() as patch:
        patch.setattr(MixSTEModule, "training_step", interrupted)
        with pytest.raises(RuntimeError, match="went down"):
            run("resumed")
    resumed = run("resumed")
    for name, value in whole.items():
        # Muon works in bfloat16, which magnifies rounding; a lost state differs by 1e-3.
        torch.testing.assert_close(resumed[name], value, atol=2e-5, rtol=1e-3)


@pytest.mark.parametrize("experiment", ["diffhpe-wrapper", "diffhpe-wrapper-published"])
def test_the_wrapper_keeps_its_backbone(data, mixste, tmp_path, experiment):
    settings = [
        *(*SMALL, *data, f"out={tmp_path}", f"backbone={mixste}", "trainer.max_steps=2"),
        *("++model.denoiser.channels=8", "++model.denoiser.blocks=1"),
    ]
    wrapper = load_model(train(compose_configuration(experiment, settings)))
    backbone = load_model(mixste)
    for name, value in backbone.trunk.state_dict().items():
        torch.testing.assert_close(wrapper.trunk.state_dict()[name], value, rtol=1e-6, atol=1e-8)


def test_the_optimizer_splits_matrices_from_the_rest():
    model = torch.nn.ModuleDict({"hidden": torch.nn.Linear(8, 8), "embed": torch.nn.Linear(2, 8)})
    optimizer = MuonAdamW(model.named_parameters(), lr=1e-2, weight_decay=0.0)
    assert [len(group["params"]) for group in optimizer.param_groups] == [3, 1]
    x, y = torch.randn(64, 2), torch.randn(64, 8)

    def loss() -> torch.Tensor:
        return (model["hidden"](model["embed"](x)) - y).square().mean()

    before = loss().item()
    for _ in range(20):
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()
    assert loss().item() < before


def test_unknown_experiments_list_the_known_ones():
    with pytest.raises(DiffhpeError, match="unknown experiment 'mixest'; expected one of .*mixste"):
        compose_configuration("mixest", [])


def test_overrides_that_do_not_fit_are_refused():
    with pytest.raises(DiffhpeError, match="mixste: "):
        compose_configuration("mixste", ["data.batchsize=3"])


def test_missing_data_are_named(tmp_path):
    settings = ["data.mocap=/nowhere/mocap.npz", f"out={tmp_path}"]
    with pytest.raises(DiffhpeError, match=r"/nowhere/mocap\.npz: no such file"):
        train(compose_configuration("mixste", settings))
