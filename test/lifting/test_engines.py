"""Engines give the poses of the training models."""

from dataclasses import replace

import pytest
import torch
from random_models import ARCHITECTURES, TRUNK, WITH_BACKBONE, random_config, random_model
from torch import nn

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting import Lifter
from diffhpe_ros.lifting.checkpoints.model_folders import load_with_config
from diffhpe_ros.lifting.engines.creation import create_engine
from diffhpe_ros.lifting.models.diffhpe import DiffHPE
from diffhpe_ros.lifting.models.mixste import MixSTE
from diffhpe_ros.paths import models_folders
from diffhpe_ros.skeleton import NUM_JOINTS

SHIPPED = sorted(file.parent.name for file in models_folders()[0].glob("*/config.yaml"))


@pytest.fixture(autouse=True)
def no_gradients():
    with torch.inference_mode():
        yield


@pytest.mark.parametrize("hypotheses", [1, 3])
def test_wrapper_with_a_share_of_its_backbone_gives_the_same_output(hypotheses, windows):
    sizes = ("diffhpe-wrapper", replace(TRUNK, heads=2), replace(WITH_BACKBONE, channels=32))
    model = random_model(*sizes)
    made = create_engine("folded", model, random_config(*sizes))
    poses, steps = 4 * hypotheses, torch.arange(4 * hypotheses)
    x_t = torch.randn(poses, 27, NUM_JOINTS, 3, generator=torch.Generator().manual_seed(2))
    expected = model(x_t, steps, model.condition(windows).repeat_interleave(hypotheses, 0))
    found = made(x_t, steps, made.condition(windows))
    torch.testing.assert_close(found, expected, atol=2e-5 * float(expected.std()), rtol=1e-5)


def test_share_of_the_backbone_is_a_share_of_its_pose(windows):
    model = random_model("diffhpe-wrapper", denoiser=WITH_BACKBONE)
    mixste = MixSTE(model.trunk)
    mixste.head = model.head
    condition = model.condition(windows)
    x_t, t = torch.zeros(4, 27, NUM_JOINTS, 3), torch.zeros(4, dtype=torch.long)
    both = model(x_t, t, condition)
    denoised = DiffHPE.forward(model, x_t, t, condition)
    poses = mixste(windows)
    poses = (poses - poses[:, :, :1]) / 0.28
    torch.testing.assert_close(both, 0.6 * denoised + 0.4 * poses)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_random_weights_give_the_same_output(architecture, windows):
    model = random_model(architecture)
    engine = create_engine("folded", model, random_config(architecture))
    if not isinstance(model, DiffHPE):
        expected, found = model(windows), engine(windows)
    else:
        x_t = torch.randn(12, 27, NUM_JOINTS, 3, generator=torch.Generator().manual_seed(2))
        steps = torch.arange(12) * 4
        expected = model(x_t, steps, model.condition(windows).repeat_interleave(3, 0))
        found = engine(x_t, steps, engine.condition(windows))
    assert expected.std() > 0.01
    torch.testing.assert_close(found, expected, atol=2e-5 * float(expected.std()), rtol=1e-5)


def test_one_step_for_all_is_that_step_for_each(windows):
    model = random_model("diffhpe-wrapper")
    engine = create_engine("folded", model, random_config("diffhpe-wrapper"))
    x_t = torch.randn(4, 27, NUM_JOINTS, 3, generator=torch.Generator().manual_seed(2))
    condition = engine.condition(windows)
    each = engine(x_t, torch.full((4,), 7), condition)
    torch.testing.assert_close(engine(x_t, torch.tensor([7]), condition), each)


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_models_give_the_same_poses(name, windows):
    model, config = load_with_config(name)
    fast, reference = (
        Lifter(model, config, preset="balanced", engine=engine).lift(windows[:2])
        for engine in ("folded", "reference")
    )
    assert abs(fast.hypotheses - reference.hypotheses).max() < 1e-5  # metres


def test_many_steps_stay_together(windows):
    """The precision that the faithful preset needs: 50 steps, each on the previous output."""
    model, config = load_with_config("diffhpe-wrapper")
    fast, reference = (
        Lifter(
            model,
            config,
            sampler="ddpm",
            steps=50,
            hypotheses=1,
            engine=engine,
            augmentation="none",
        ).lift(windows[:1])
        for engine in ("folded", "reference")
    )
    assert abs(fast.poses - reference.poses).max() < 1e-4  # metres


def test_trained_model_is_left_as_it_was(windows):
    model = random_model("diffhpe-2d")
    before = {name: value.clone() for name, value in model.state_dict().items()}
    engine = create_engine("folded", model, random_config("diffhpe-2d"))
    engine(torch.randn(4, 27, NUM_JOINTS, 3), torch.tensor([3]), engine.condition(windows))
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_released_weights_are_folded_too(golden_mixste, windows):
    model, config = load_with_config(golden_mixste)
    assert isinstance(model, nn.Module)
    torch.testing.assert_close(create_engine("folded", model, config)(windows), model(windows))


def test_unknown_engines_are_refused(golden_mixste):
    names = "auto, reference, folded, native, onnx, cuda_graph"
    with pytest.raises(DiffhpeError, match=f"unknown engine 'warp'; expected one of {names}"):
        Lifter.from_pretrained(golden_mixste, engine="warp")


def test_cuda_graphs_need_cuda(golden_mixste):
    with pytest.raises(DiffhpeError, match="cuda_graph engine is for device cuda, not cpu; use"):
        Lifter.from_pretrained(golden_mixste, engine="cuda_graph")


@pytest.mark.parametrize(
    ("engine", "kernels", "message"),
    [
        ("reference", "triton", "kernels 'triton' are for the engines folded and cuda_graph"),
        ("folded", "cutlass", "unknown kernels 'cutlass'; expected one of torch, triton"),
    ],
)
def test_kernels_that_an_engine_cannot_have_are_refused(golden_mixste, engine, kernels, message):
    with pytest.raises(DiffhpeError, match=message):
        create_engine(engine, *load_with_config(golden_mixste), kernels=kernels)
