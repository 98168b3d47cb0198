"""Sizes of GraFormer and of the released DiffPose; the defaults are as released."""

from dataclasses import dataclass

ENCODERS = ("graformer", "mixste")


@dataclass(frozen=True)
class GraFormerConfig:
    """Sizes of a network of GraFormer's layers."""

    channels: int = 96
    blocks: int = 5
    heads: int = 4


@dataclass(frozen=True)
class RefinerConfig(GraFormerConfig):
    """Sizes of the denoiser, what it refines, and how far back it goes."""

    encoder: str = "graformer"
    """What finds the poses: graformer (the frame version), or mixste (the video version)."""
    steps: int = 51
    """Of the schedule in training."""
    sampled: int = 24
    """How many of them, the least noisy ones, sampling is spread over. Released: 24 for CPN's
    keypoints, 12 for true ones, 6 for the video version (`test_num_diffusion_timesteps`)."""
