"""The benchmark compares like with like."""

import json

import numpy as np
import pytest
import torch

from diffhpe_ros.benchmark import run
from diffhpe_ros.benchmark.floors import giga_operations
from diffhpe_ros.benchmark.reference import sample_plainly
from diffhpe_ros.lifting import Lifter, ModelConfig, Preset, build_model, save_model
from diffhpe_ros.lifting.config import DenoiserConfig, TrunkConfig
from diffhpe_ros.lifting.samplers import DDPM

CONFIG = ModelConfig(
    "diffhpe-wrapper",
    trunk=TrunkConfig(channels=16, depth=2),
    denoiser=DenoiserConfig(channels=16, blocks=2, prediction="pose", pose_scale=0.25),
    presets={"fast": Preset("ddim", 1, 1), "faithful": Preset("ddpm", 5, 11)},
    default_preset="fast",
)


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    model = build_model(CONFIG).eval()
    torch.nn.init.normal_(model.denoiser.output_projection2.weight, std=60.0)
    return model


def test_the_reference_gives_the_poses_of_the_lifter(model):
    x_2d = 0.2 * torch.randn(2, 27, 17, 2, generator=torch.Generator().manual_seed(1))
    lifter = Lifter(model, CONFIG, sampler="ddpm", steps=4, hypotheses=1)
    plain = sample_plainly(model, DDPM(4), x_2d, hypotheses=1)
    plain = plain - plain[:, :, :1]
    assert plain.std() > 0.01
    np.testing.assert_allclose(lifter.lift(x_2d).poses, plain, atol=1e-5)


def test_operations_grow_with_steps(model):
    x_2d = np.full((1, 27, 17, 2), 0.1, np.float32)
    one, five = (
        giga_operations(
            Lifter(model, CONFIG, sampler="ddim", steps=steps, hypotheses=1, engine="folded"), x_2d
        )
        for steps in (1, 5)
    )
    trunk = giga_operations(Lifter.from_pretrained("mixste", engine="folded"), x_2d)
    assert 3 * one < five + 2 * one < 7 * one
    assert trunk == pytest.approx(0.52, rel=0.1)  # known of the published size


def test_every_preset_is_timed(model, tmp_path, monkeypatch):
    monkeypatch.setattr(run, "PEOPLE", (1, 2))
    monkeypatch.setattr(run, "FAITHFUL", CONFIG.presets["faithful"])
    save_model(model, CONFIG, tmp_path / "small")
    measured = run.benchmark(str(tmp_path / "small"), "cpu")
    assert [each.preset for each in measured.presets] == ["fast", "balanced", "faithful"]
    assert all(each.ms[1] > 0 for each in measured.presets)
    assert measured.reference_ms > 0
    assert "faithful" in measured.table()
    json.dumps(measured.to_dict())
