"""Training in bfloat16 keeps the poses themselves in float32."""

import torch

from diffhpe_ros.lifting import ModelConfig, build_model
from diffhpe_ros.lifting.checkpoints.configuration import DenoiserConfig, TrunkConfig
from diffhpe_ros.lifting.models.diffpose.initial import Component, widened

TRUNK = TrunkConfig(channels=16, depth=1, heads=2)


def test_poses_leave_in_float32_under_autocast():
    x_2d = torch.rand(2, 27, 17, 2)
    with torch.autocast("cpu", torch.bfloat16):
        poses = build_model(ModelConfig("mixste", trunk=TRUNK))(x_2d)
        denoiser = DenoiserConfig(channels=8, blocks=1)
        wrapper = build_model(ModelConfig("diffhpe-wrapper", trunk=TRUNK, denoiser=denoiser))
        noise = wrapper.predict_noise(torch.rand(2, 27, 17, 3), torch.tensor([3, 40]), x_2d)
    assert poses.dtype == noise.dtype == torch.float32


def test_pose_of_the_backbone_is_not_rounded():
    """A wrapper whose denoiser has no share gives the pose of its MixSTE."""
    denoiser = DenoiserConfig(channels=8, blocks=1, backbone_share=1.0)
    wrapper = build_model(ModelConfig("diffhpe-wrapper", trunk=TRUNK, denoiser=denoiser)).eval()
    features = torch.randn(2, 27, 17, 16)
    x_t, t = torch.rand(2, 27, 17, 3), torch.tensor([3, 40])
    expected = wrapper(x_t, t, features)
    with torch.autocast("cpu", torch.bfloat16):
        found = wrapper(x_t, t, features)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


def test_initial_distribution_of_diffpose_is_in_float32_under_autocast():
    """On CUDA, torch has no Cholesky factor in bfloat16."""
    component = Component(torch.rand(2, 27, 17, 3), torch.eye(3).expand(2, 27, 17, 3, 3))
    variance, pose = torch.eye(2).expand(2, 27, 17, 2, 2), torch.rand(2, 27, 17, 3)
    with torch.autocast("cpu", torch.bfloat16):
        wide = widened(component, variance)
        back = wide.pose(wide.state(pose))
    assert wide.factor.dtype == torch.float32
    torch.testing.assert_close(back, pose, rtol=1e-5, atol=1e-5)
