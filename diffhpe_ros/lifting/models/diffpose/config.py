"""Sizes of DiffPose."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DiffPoseConfig:
    """Sizes of the graph denoiser and the meaning of its output; the defaults are ours."""

    channels: int = 64
    """96 as published."""
    blocks: int = 3
    """Pairs of an attention and a Chebyshev block; 5 as published."""
    heads: int = 4
    steps: int = 50
    """Diffusion steps K."""
    schedule: str = "cosine"
    """cosine, whose last step keeps nothing of the pose, or released, as in the released code."""
    prediction: str = "pose"
    """pose, or noise as published."""
    context: bool = True
    """Whether the denoiser also sees the encoder's features, not only its pose."""
    window: bool = True
    """Whether the denoiser mixes the window's frames; false is the paper's frame version."""
    pose_scale: float = 0.1
    """Metres per unit of the corrections to the encoder's pose."""
