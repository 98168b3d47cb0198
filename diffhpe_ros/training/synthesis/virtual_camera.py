"""Random virtual cameras, and bodies cut off by the image border."""

import math

import torch
from torch import Generator, Tensor

from diffhpe_ros.lifting.pipeline.coherence_limits import TrainedRange
from diffhpe_ros.training.random_streams import normal, uniform

# Ranges that cover the frozen evaluation (±35° off the axis, 2-8 m) and robots' cameras.
DISTANCE_M = (1.5, 10.0)
PAN = math.radians(39.0)
TILT = math.radians(17.0)
ROLL_STD = math.radians(3.0)
CAMERA_HEIGHT_M = (0.3, 2.6)
BODY_SCALE = (0.88, 1.12)
CUT_SHARE = 0.15


def trained_range() -> TrainedRange:
    """Distances and angles that `to_random_cameras` draws from."""
    corner = math.hypot(math.tan(PAN), math.tan(TILT))
    return TrainedRange(*DISTANCE_M, angle_deg=round(math.degrees(math.atan(corner)), 1))


def to_random_cameras(positions: Tensor, hip: Tensor, generator: Generator) -> Tensor:
    """World points (B, L, K, 3), z up → points in the optical frames of B random cameras.

    The hip of the middle frame, `hip` (B, 3), is placed at a random distance and angle.
    """
    batch = len(positions)
    distance = uniform((batch,), *DISTANCE_M, generator)
    pan, tilt = (uniform((batch,), -limit, limit, generator) for limit in (PAN, TILT))
    drop = uniform((batch,), *CAMERA_HEIGHT_M, generator) - hip[:, 2]
    pitch = torch.asin((drop / distance).clamp(-0.9, 0.9)) - tilt
    roll = ROLL_STD * normal((batch,), generator)
    yaw = uniform((batch,), 0.0, 2 * math.pi, generator)
    rotation = _about_z(roll) @ _about_x(pitch) @ _level(yaw)
    ray = torch.stack([pan.tan(), tilt.tan(), torch.ones_like(pan)], -1)
    root = distance[:, None] * ray / ray.norm(dim=-1, keepdim=True)
    seen = torch.einsum("bij,blkj->blki", rotation, positions - hip[:, None, None])
    return seen + root[:, None, None]


def cut_by_border(x_2d: Tensor, generator: Generator) -> Tensor:
    """Joints (B, L, 17) beyond the image border, in the share of windows that it cuts.

    The border is a line, mostly below the person, and cuts off up to 60 % of their extent.
    """
    batch = len(x_2d)
    low, high = x_2d.amin((1, 2)), x_2d.amax((1, 2))  # (B, 2)
    side = uniform((batch,), 0.0, 1.0, generator)
    share = uniform((batch,), 0.0, 0.6, generator)
    cut = uniform((batch,), 0.0, 1.0, generator) < CUT_SHARE
    horizontal = side < 0.3  # left or right; else above or below
    axis = torch.where(horizontal, 0, 1)
    from_high = torch.where(horizontal, side < 0.15, side < 0.9)
    along = x_2d.gather(-1, axis[:, None, None, None].expand(*x_2d.shape[:3], 1))[..., 0]
    low, high = (bound.gather(1, axis[:, None])[:, 0] for bound in (low, high))
    line = torch.where(from_high, high - share * (high - low), low + share * (high - low))
    beyond = torch.where(
        from_high[:, None, None], along > line[:, None, None], along < line[:, None, None]
    )
    return beyond & cut[:, None, None]


def _level(yaw: Tensor) -> Tensor:
    """Rotation from the world (z up) to a level camera that looks along `yaw`."""
    sin, cos, zero, one = yaw.sin(), yaw.cos(), torch.zeros_like(yaw), torch.ones_like(yaw)
    return torch.stack([sin, -cos, zero, zero, zero, -one, cos, sin, zero], -1).view(-1, 3, 3)


def _about_x(angle: Tensor) -> Tensor:
    """Rotation of a camera that tilts down by `angle`."""
    sin, cos, zero, one = angle.sin(), angle.cos(), torch.zeros_like(angle), torch.ones_like(angle)
    return torch.stack([one, zero, zero, zero, cos, -sin, zero, sin, cos], -1).view(-1, 3, 3)


def _about_z(angle: Tensor) -> Tensor:
    """Rotation of a camera that rolls by `angle`."""
    sin, cos, zero, one = angle.sin(), angle.cos(), torch.zeros_like(angle), torch.ones_like(angle)
    return torch.stack([cos, -sin, zero, sin, cos, zero, zero, zero, one], -1).view(-1, 3, 3)
