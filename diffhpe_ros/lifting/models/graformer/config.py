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
    """Network that finds the poses: graformer (frame version), or mixste (video version)."""
    steps: int = 51
    """Steps of the schedule in training."""
    sampled: int = 24
    """Number of them, the least noisy ones, that sampling is spread over. Released: 24 for CPN's
    keypoints, 12 for true ones, 6 for the video version (`test_num_diffusion_timesteps`)."""
