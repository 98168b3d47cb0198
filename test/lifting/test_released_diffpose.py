"""GraFormer and DiffPose as released: their checkpoints, and the outputs of their code."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file
from torch import Tensor

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting import Lifter, ModelConfig, build_model, convert, load_model
from diffhpe_ros.lifting.checkpoints.model_folders import load_with_config
from diffhpe_ros.lifting.diffusion.samplers import DDIM
from diffhpe_ros.skeleton import MIRRORED

GOLDEN = Path(__file__).parent.parent / "golden"
GRAFORMER, DIFFPOSE = GOLDEN / "tiny-graformer.pth", GOLDEN / "tiny-diffpose.pth"
VECTORS = load_file(GOLDEN / "tiny-diffpose-golden.safetensors")
WINDOW = VECTORS["x2"][None].numpy()
"""(1, 6, 17, 2): the reference takes frames one by one."""


def assert_reproduces(found: Tensor, name: str) -> None:
    expected = VECTORS[name]
    assert found.shape == expected.shape
    assert (found - expected).abs().max() <= 1e-5 * expected.std()


def lifter(steps: int = 2, sampled: int = 24, hypotheses: int = 1, **settings) -> Lifter:
    model, config = load_with_config(DIFFPOSE, GRAFORMER)
    config = replace(config, frames=6, refiner=replace(config.refiner, sampled=sampled))
    again = build_model(config)
    again.load_state_dict(model.state_dict())
    return Lifter(again, config, steps=steps, hypotheses=hypotheses, **settings)


@pytest.fixture(autouse=True)
def no_gradients():
    with torch.inference_mode():
        yield


def test_graformer():
    assert_reproduces(load_model(GRAFORMER)(VECTORS["x2"][None])[0], "graformer.pose")


def test_frames_know_nothing_of_each_other():
    model, x = load_model(GRAFORMER), VECTORS["x2"][None]
    torch.testing.assert_close(model(x[:, 2:3]), model(x)[:, 2:3])


def test_predicted_noise():
    model, _ = load_with_config(DIFFPOSE, GRAFORMER)
    assert_reproduces(model.denoiser(VECTORS["x5"][:, None], VECTORS["t"])[:, 0], "diffpose.noise")


@pytest.mark.parametrize(("sampled", "steps"), [(24, 2), (12, 2), (6, 1), (24, 24)])
def test_test_procedure(sampled, steps):
    poses = lifter(steps, sampled).lift(WINDOW).poses
    assert_reproduces(torch.from_numpy(poses)[0], f"diffpose.refined.{sampled}.{steps}")


def test_ancestral_chain_with_the_recorded_noise():
    model, _ = load_with_config(DIFFPOSE, GRAFORMER)
    recorded = iter(VECTORS["diffpose.eta1.noise"])
    start, visited = VECTORS["x5"][None], [18, 12, 6, 0]
    found = DDIM(4, eta=1.0).reverse(
        start, visited, model.denoise, model.schedule, lambda: next(recorded)[None]
    )
    assert_reproduces(found[0], "diffpose.eta1")


def test_first_hypothesis_is_the_released_one_and_the_others_lie_round_it():
    released = lifter().lift(WINDOW).poses
    hypotheses = lifter(hypotheses=20).lift(WINDOW).hypotheses[0]
    np.testing.assert_allclose(hypotheses[0], released[0], atol=1e-6)
    apart = np.abs(hypotheses[1:] - hypotheses[0])[:, :, 1:]
    # The noise of step 12, 5 cm, through a network of random weights.
    assert 0.01 < apart.mean() < 0.2
    different_seed = lifter(hypotheses=20, seed=1).lift(WINDOW).hypotheses[0]
    np.testing.assert_array_equal(different_seed[0], hypotheses[0])
    assert np.abs(different_seed[1] - hypotheses[1]).max() > 1e-3


@pytest.mark.parametrize("steps", [0, 25])
def test_steps_are_those_that_are_sampled(steps):
    with pytest.raises(DiffhpeError, match=f"sampling steps must be 1 to 24, got {steps}"):
        lifter(steps)


def test_converted_models_are_the_released_ones(tmp_path, windows):
    convert(GRAFORMER, tmp_path / "graformer")
    convert(DIFFPOSE, tmp_path / "diffpose", GRAFORMER)
    config = yaml.safe_load((tmp_path / "diffpose" / "config.yaml").read_text())
    assert config["refiner"]["sampled"] == 24 and config["input_view"] == "screen"
    for name, released in (("graformer", GRAFORMER), ("diffpose", (DIFFPOSE, GRAFORMER))):
        files = released if isinstance(released, tuple) else (released,)
        found = Lifter.from_pretrained(tmp_path / name).lift(windows)
        expected = Lifter(*load_with_config(*files)).lift(windows)
        assert found.hypotheses.shape == (4, 1, 27, 17, 3)
        np.testing.assert_array_equal(found.poses, expected.poses)
        assert not found.poses[:, :, 0].any()  # root-relative


def test_mixste_may_be_the_encoder(tmp_path, windows, golden_mixste):
    """As in the video version of the released code, whose denoiser is the same."""
    config = convert(DIFFPOSE, tmp_path / "video", golden_mixste)
    assert (config.refiner.encoder, config.refiner.sampled, config.frames) == ("mixste", 6, 27)
    refined = Lifter.from_pretrained(tmp_path / "video").lift(windows).poses
    found = Lifter.from_pretrained(golden_mixste).lift(windows).poses
    assert 1e-4 < np.abs(refined - found).max() < 0.2  # one step, of the smallest noise


def test_flipped_window_has_the_flipped_pose(windows):
    """Both views have the released hypothesis, so neither has noise."""
    flipping = Lifter(*load_with_config(DIFFPOSE, GRAFORMER), hypotheses=2, augmentation="flip")
    mirrored = windows[:, :, list(MIRRORED)] * torch.tensor([-1.0, 1.0])
    expected = flipping.lift(windows).poses[:, :, list(MIRRORED)] * [-1.0, 1.0, 1.0]
    np.testing.assert_allclose(flipping.lift(mirrored).poses, expected, atol=1e-5)


def test_published_sizes():
    model = build_model(ModelConfig("diffpose-released"))
    assert sum(p.numel() for p in model.denoiser.parameters()) == 1_025_674
    assert sum(p.numel() for p in model.encoder.parameters()) == 654_344


def test_diffpose_needs_its_encoder():
    with pytest.raises(DiffhpeError, match="the GraFormer .*is also expected: .*--encoder FILE"):
        load_model(DIFFPOSE)


@pytest.mark.parametrize(
    ("checkpoint", "encoder", "message"),
    [
        (DIFFPOSE, DIFFPOSE, "a diffpose-released checkpoint; that of a GraFormer or MixSTE is"),
        (DIFFPOSE, GOLDEN / "tiny-2d.pth", "a diffhpe-2d checkpoint; that of a GraFormer"),
        (DIFFPOSE, GOLDEN / "nothing.pth", "nothing.pth: no such checkpoint file"),
        (GRAFORMER, GRAFORMER, "a graformer checkpoint, which takes no encoder"),
    ],
)
def test_encoders_that_are_none_are_refused(tmp_path, checkpoint, encoder, message):
    with pytest.raises(DiffhpeError, match=message):
        convert(checkpoint, tmp_path / "model", encoder)
    assert not (tmp_path / "model").exists()


def states() -> list:
    return torch.load(GRAFORMER, weights_only=True)


def test_states_may_lie_under_a_key(tmp_path, windows):
    """GraFormer's own code saves them like this."""
    file = tmp_path / "best.pth.tar"
    torch.save({"epoch": 3, "state_dict": states()[0]}, file)
    torch.testing.assert_close(load_model(file)(windows), load_model(GRAFORMER)(windows))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda content: [],
            "a state dict of tensors, itself or under one of",
        ),
        (
            lambda content: content[2:],
            "a state dict of tensors, itself or under one of",
        ),
        (lambda content: without(content, "A_hat"), "the graformer checkpoint is incomplete"),
        (lambda content: without(content, "linears.2.weight"), "do not fit the model: size mis"),
        (lambda content: without(content, "gconv_output.bias"), "do not fit the model: Missing"),
        (lambda content: sixteen(content), "16 joints; Human3.6M's 17 are expected"),
        (lambda content: five(content), "5 coordinates for each joint; 2 are expected"),
    ],
)
def test_checkpoints_that_do_not_fit_are_refused(tmp_path, change, message):
    torch.save(change(states()), tmp_path / "other.pth")
    with pytest.raises(DiffhpeError, match=message):
        load_model(tmp_path / "other.pth")


def without(content: list, part: str) -> list:
    return [{name: value for name, value in content[0].items() if part not in name}]


def sixteen(content: list) -> list:
    """GraFormer's own models of Human3.6M have no Neck/Nose."""
    return [{n: v[:16, :16] if "A_hat" in n else v for n, v in content[0].items()}]


def five(content: list) -> list:
    name = "module.gconv_input.weight"
    return [content[0] | {name: torch.zeros(3, 1, 5, 8)}]
