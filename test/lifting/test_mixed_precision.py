"""Training in bfloat16 keeps the poses themselves in float32."""

import torch

from diffhpe_ros.lifting import ModelConfig, build_model
from diffhpe_ros.lifting.checkpoints.configuration import DenoiserConfig, TrunkConfig

TRUNK = TrunkConfig(channels=16, depth=1, heads=2)


def test_poses_leave_in_float32_under_autocast():
    x_2d = torch.rand(2, 27, 17, 2)
    with torch.autocast("cpu", torch.bfloat16):
        poses = build_model(ModelConfig("mixste", trunk=TRUNK))(x_2d)
        denoiser = DenoiserConfig(channels=8, blocks=1)
        wrapper = build_model(ModelConfig("diffhpe-wrapper", trunk=TRUNK, denoiser=denoiser))
        noise = wrapper.predict_noise(torch.rand(2, 27, 17, 3), torch.tensor([3, 40]), x_2d)
    assert poses.dtype == noise.dtype == torch.float32
