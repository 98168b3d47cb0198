"""Hand-tuned detector errors: joint conventions, noise and missing joints."""

import torch
from torch import Generator, Tensor
from torch.nn import functional

from diffhpe_ros.skeleton import HIP, SPINE, THORAX
from diffhpe_ros.training.random_streams import normal, uniform

NOSE, HEAD = 9, 10
THIGHS = ((1, 2), (4, 5))  # (hip joint, knee)

# Error of each joint relative to the others: wrists and feet are the largest.
JOINT_NOISE = (0.6, 0.8, 0.8, 1.0, 0.8, 0.8, 1.0, 0.6, 0.6, 0.8, 0.8, 0.8, 1.0, 1.4, 0.8, 1.0, 1.4)
CONSTANT, SMOOTH, WHITE = 0.5, 0.7, 0.5  # standard deviations; their squares add up to about 1
OUTLIER_SHARE, OUTLIER_FACTOR = 0.02, 5.0
NOISE_LEVEL = (0.006, 0.018)  # of the person's height in the image
MISSING_SHARE = 0.15  # of the windows
UNSEEN_JOINT_SHARE = 0.2
CONVENTION_SHARE, CONVENTION_STRENGTH = 0.5, (0.6, 1.3)


def detector_joints(positions: Tensor, head_forward: Tensor, strength: Tensor) -> Tensor:
    """Joint positions in the convention of a detector such as BlazePose.

    The nose is the tip of the nose, the head the midpoint of the eyes. The hips lie lower and
    closer together. The spine is the midpoint of hip and thorax.

    Args:
        positions: (B, L, 17, 3) motion-capture joints.
        head_forward: (B, L, 3), facing direction of the head.
        strength: (B,), 0 is the convention of the motion capture, 1 that of the detector.

    Returns:
        (B, L, 17, 3).
    """
    moved = positions.clone()
    crown = functional.normalize(positions[:, :, HEAD] - positions[:, :, THORAX], dim=-1)
    moved[:, :, NOSE] = positions[:, :, HEAD] - 0.09 * crown + 0.11 * head_forward
    moved[:, :, HEAD] = positions[:, :, HEAD] - 0.05 * crown + 0.08 * head_forward
    for joint, knee in THIGHS:
        inwards = positions[:, :, HIP] - positions[:, :, joint]
        down = positions[:, :, knee] - positions[:, :, joint]
        moved[:, :, joint] = positions[:, :, joint] + 0.15 * inwards + 0.08 * down
    moved[:, :, HIP] = moved[:, :, [1, 4]].mean(2)
    moved[:, :, SPINE] = (moved[:, :, HIP] + moved[:, :, THORAX]) / 2
    return torch.lerp(positions, moved, strength[:, None, None, None])


def detector_noise(x_2d: Tensor, generator: Generator) -> Tensor:
    """2D errors (B, L, 17, 2): constant over the window, smooth, and white with outliers."""
    batch, frames, joints, _ = x_2d.shape
    height = x_2d[..., 1].amax((1, 2)) - x_2d[..., 1].amin((1, 2))
    level = height * uniform((batch,), *NOISE_LEVEL, generator)
    kernel = torch.full((1, 1, 5), 5**-0.5, device=x_2d.device)
    smooth = functional.conv1d(normal((batch * joints * 2, 1, frames + 4), generator), kernel)
    smooth = smooth.view(batch, joints, 2, frames).permute(0, 3, 1, 2)
    is_outlier = uniform((batch, frames, joints, 1), 0.0, 1.0, generator) < OUTLIER_SHARE
    white = normal(tuple(x_2d.shape), generator) * torch.where(is_outlier, OUTLIER_FACTOR, 1.0)
    noise = CONSTANT * normal((batch, 1, joints, 2), generator) + SMOOTH * smooth + WHITE * white
    return noise * level[:, None, None, None] * x_2d.new_tensor(JOINT_NOISE)[:, None]


def missing_joints(shape: tuple[int, ...], generator: Generator) -> Tensor:
    """Missing joints (B, L, 17): in some windows, each joint for a run of frames."""
    batch, frames, joints = shape
    shape, device = (batch, 1, joints), generator.device
    in_window = uniform((batch, 1, 1), 0.0, 1.0, generator) < MISSING_SHARE
    of_joint = uniform(shape, 0.0, 1.0, generator) < UNSEEN_JOINT_SHARE
    first = torch.randint(-frames, frames, shape, generator=generator, device=device)
    length = torch.randint(1, frames + 1, shape, generator=generator, device=device)
    frame = torch.arange(frames, device=device)[:, None]
    return in_window & of_joint & (frame >= first) & (frame < first + length)


class HandmadeNoise:
    """Hand-tuned detector errors (a `DetectorModel`), as in the frozen evaluation files.

    Half of the windows keep the joint positions of the motion capture.
    """

    def joints(self, positions: Tensor, head_forward: Tensor, generator: Generator) -> Tensor:
        """See `DetectorModel.joints`."""
        batch = len(positions)
        has = uniform((batch,), 0.0, 1.0, generator) < CONVENTION_SHARE
        strength = torch.where(has, uniform((batch,), *CONVENTION_STRENGTH, generator), 0.0)
        return detector_joints(positions, head_forward, strength)

    def errors(self, x_2d: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
        """See `DetectorModel.errors`."""
        batch, frames, joints, _ = x_2d.shape
        noise = detector_noise(x_2d, generator)
        return noise, missing_joints((batch, frames, joints), generator)
