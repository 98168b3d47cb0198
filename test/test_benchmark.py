"""The benchmark compares equal work."""

import json

import numpy as np
import pytest
import torch

from diffhpe_ros.benchmark import run
from diffhpe_ros.benchmark.floors import count_launches, giga_operations
from diffhpe_ros.benchmark.reference import sample_plainly
from diffhpe_ros.benchmark.times import Spread, in_turn
from diffhpe_ros.lifting import Lifter, ModelConfig, Preset, build_model, save_model
from diffhpe_ros.lifting.checkpoints.configuration import DenoiserConfig, TrunkConfig

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


def test_reference_gives_the_poses_of_the_lifter(model):
    x_2d = 0.2 * torch.randn(2, 27, 17, 2, generator=torch.Generator().manual_seed(1))
    lifter = Lifter(model, CONFIG, sampler="ddpm", steps=50, hypotheses=2, engine="reference")
    plain = sample_plainly(model, x_2d, hypotheses=2)
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
    assert trunk == pytest.approx(0.52, rel=0.1)  # known for the published size


def test_launches_are_operations_that_compute():
    x = torch.ones(4, 4)
    assert count_launches(lambda: x[1:].t()) == 0
    assert count_launches(lambda: (x @ x).relu_()) == 2


def test_actions_take_turns():
    order = []
    times = in_turn([lambda: order.append("a"), lambda: order.append("b")], rounds=2)
    assert times.shape == (2, 2)
    assert order[-4:] == ["a", "b", "a", "b"]
    assert Spread.of(np.array([3.0, 1.0, 2.0])) == Spread(2.0, 1.0, 3.0)


@pytest.mark.slow
def test_every_preset_is_timed(model, tmp_path, monkeypatch):
    monkeypatch.setattr(run, "LEAST_MS", 1.0)
    save_model(model, CONFIG, tmp_path / "small")
    measured = run.benchmark(str(tmp_path / "small"), "cpu", people=(2,), rounds=2)
    assert [each.preset for each in measured.presets] == ["fast", "balanced", "faithful", "5x5"]
    for each in measured.presets:
        assert 0 < each.ms.low <= each.ms.median <= each.ms.high
        assert each.faster.low <= each.faster.median <= each.faster.high
        assert min(each.floor.operations_ms, each.floor.bytes_ms, each.floor.launches) > 0
    of = {each.preset: each for each in measured.presets}
    assert list(of["fast"].people_ms) == [1, 2] and list(of["faithful"].people_ms) == [1]
    assert of["5x5"].floor.launches > of["fast"].floor.launches
    assert "faithful" in measured.table()
    json.dumps(measured.to_dict())
