"""Models with random weights, for properties that must hold for any weights."""

from dataclasses import replace

import torch

from diffhpe_ros.lifting import ModelConfig, build_model
from diffhpe_ros.lifting.checkpoints.configuration import DenoiserConfig, TrunkConfig

ARCHITECTURES = ("mixste", "diffhpe-2d", "diffhpe-wrapper")
TRUNK = TrunkConfig(channels=16, depth=2)
DENOISER = DenoiserConfig(channels=16, blocks=3)
WITH_BACKBONE = replace(DENOISER, prediction="pose", pose_scale=0.28, backbone_share=0.4)
"""Of a wrapper whose output has a share of MixSTE's own pose."""


def random_config(
    architecture: str, trunk: TrunkConfig = TRUNK, denoiser: DenoiserConfig = DENOISER
) -> ModelConfig:
    return ModelConfig(architecture, "person", trunk=trunk, denoiser=denoiser)


@torch.no_grad()
def random_model(
    architecture: str, trunk: TrunkConfig = TRUNK, denoiser: DenoiserConfig = DENOISER
):
    """Every weight, bias and running mean has a different value, unlike after initialisation."""
    generator = torch.Generator().manual_seed(0)
    model = build_model(random_config(architecture, trunk, denoiser)).eval()
    for name, value in (*model.named_parameters(), *model.named_buffers()):
        if name.endswith(("num_batches_tracked", "order", "table")) or "schedule" in name:
            continue
        if name.endswith(("own", "others")):
            continue
        noise = torch.randn(value.shape, generator=generator)
        is_scale = value.ndim == 1 and not name.endswith("bias")
        value.copy_(1 + 0.3 * noise.abs() if is_scale else 0.3 * noise / max(1, value.ndim - 1))
    return model
