"""The networks and the sampler, compared with outputs of the released implementation."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from diffhpe_ros.lifting import load_model
from diffhpe_ros.lifting.diffusion.samplers import DDIM, DDPM
from diffhpe_ros.lifting.diffusion.schedule import CosineSchedule
from diffhpe_ros.lifting.diffusion.step_table import step_table
from diffhpe_ros.lifting.skeleton_graph import skeleton_adjacency

GOLDEN = Path(__file__).parent.parent / "golden"
VECTORS = load_file(GOLDEN / "tiny-golden.safetensors")


def ours(name: str) -> Tensor:
    """A golden array (B, C, J, L) in our order (B, L, J, C)."""
    return VECTORS[name].permute(0, 3, 2, 1)


def assert_reproduces(found: Tensor, expected: Tensor, tolerance: float = 1e-5) -> None:
    assert found.shape == expected.shape
    assert (found - expected).abs().max() <= tolerance * expected.std()


@pytest.fixture(autouse=True)
def no_gradients():
    with torch.inference_mode():
        yield


def test_schedule():
    schedule = CosineSchedule(50)
    for name in ("beta", "alpha_bar", "sigma"):
        assert_reproduces(torch.from_numpy(getattr(schedule, name)), VECTORS[name])


def test_step_table_is_that_of_the_released_code():
    """Its arguments reach 490,000: another order of operations would change them by hundredths."""
    frequencies = 10.0 ** (torch.arange(64) / 63 * 4.0)
    arguments = torch.arange(50.0)[:, None] * frequencies
    expected = torch.cat([arguments.sin(), arguments.cos()], 1)
    torch.testing.assert_close(torch.from_numpy(step_table(50)), expected, atol=1e-6, rtol=0)


def test_adjacency():
    assert_reproduces(torch.from_numpy(skeleton_adjacency()), VECTORS["adjacency"])


def test_mixste():
    model = load_model(GOLDEN / "tiny-mixste.pt")
    assert_reproduces(model(ours("x2")), ours("mixste.pose"))


def test_wrapper_conditioning():
    model = load_model(GOLDEN / "tiny-wrapper.pth")
    conditioned = model.denoiser_input(ours("x3"), model.condition(ours("x2")))
    assert_reproduces(conditioned, ours("wrapper.conditioned"))


@pytest.mark.parametrize(
    ("file", "name"), [("tiny-wrapper.pth", "wrapper.eps"), ("tiny-2d.pth", "diffhpe2d.eps")]
)
def test_predicted_noise(file, name):
    model = load_model(GOLDEN / file)
    assert_reproduces(model.predict_noise(ours("x3"), VECTORS["t"], ours("x2")), ours(name))


@pytest.mark.parametrize("sampler", [DDPM(50), DDIM(50, eta=1.0)], ids=["ddpm", "ddim, eta 1"])
def test_chain_of_50_steps(sampler):
    model = load_model(GOLDEN / "tiny-wrapper.pth")
    condition = model.condition(ours("x2")[:1])
    recorded = iter(ours("wrapper.ddpm50.noise"))
    found = sampler.sample(
        model.denoise_with(condition),
        model.schedule,
        lambda: next(recorded)[None],
    )
    assert_reproduces(found, ours("wrapper.ddpm50"), tolerance=1e-4)
    assert next(recorded, None) is None
