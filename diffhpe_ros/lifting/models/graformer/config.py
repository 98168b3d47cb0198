"""Sizes of GraFormer and of the released DiffPose; the defaults are as released."""

from dataclasses import dataclass

ENCODERS = ("graformer", "mixste")


@dataclass(frozen=True)
class GraFormerConfig:
    """Sizes of a network made of GraFormer's layers."""

    channels: int = 96
    blocks: int = 5
    heads: int = 4


@dataclass(frozen=True)
class RefinerConfig(GraFormerConfig):
    """Sizes of the denoiser, the network that it refines, and the noise that refining starts at."""

    encoder: str = "graformer"
    """The network whose poses are refined: graformer (frame version), or mixste (video version)."""
    steps: int = 51
    """Number of the schedule's steps in training."""
    sampled: int = 24
    """The number of steps, counted from the least noisy one, that sampling is spread over.
    Released: 24 for CPN's keypoints, 12 for true ones, 6 for the video version
    (`test_num_diffusion_timesteps`)."""
