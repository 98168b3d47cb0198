"""A small DiffHPE-Wrapper with random weights, fast enough for tests."""

from pathlib import Path

import pytest
import torch

from diffhpe_ros.lifting import ModelConfig, build_model, save_model
from diffhpe_ros.lifting.checkpoints.configuration import DenoiserConfig, TrunkConfig

SMALL_TRUNK = TrunkConfig(channels=16, depth=2)


def small_config(architecture: str = "diffhpe-wrapper", **changes) -> ModelConfig:
    denoiser = DenoiserConfig(channels=16, blocks=2, prediction="pose", pose_scale=0.25)
    values = {"input_view": "person", "trunk": SMALL_TRUNK, "denoiser": denoiser}
    return ModelConfig(architecture, **(values | changes))


@pytest.fixture(scope="session")
def wrapper_folder(tmp_path_factory) -> Path:
    torch.manual_seed(0)
    config = small_config(residual_std_mm=((10.0, 20.0, 30.0),) * 17)
    model = build_model(config)
    # The last layer starts at zero; a model with non-zero output makes better tests.
    torch.nn.init.normal_(model.denoiser.output_projection2.weight, std=20.0)
    folder = tmp_path_factory.mktemp("models") / "small-wrapper"
    save_model(model, config, folder)
    return folder


@pytest.fixture
def windows() -> torch.Tensor:
    """(4, 27, 17, 2), people in various positions of the canonical view."""
    generator = torch.Generator().manual_seed(1)
    centre = torch.randn(4, 1, 1, 2, generator=generator)
    return centre + 0.2 * torch.randn(4, 27, 17, 2, generator=generator)


@pytest.fixture
def golden_mixste() -> Path:
    return Path(__file__).parent.parent / "golden" / "tiny-mixste.pt"
