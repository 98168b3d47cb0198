"""Random virtual cameras, and bodies cut off by the image border."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from diffhpe_ros.lifting.pipeline.coherence_limits import TrainedRange
from diffhpe_ros.training.random_streams import normal, uniform

ROLL_STD = math.radians(3.0)
CUT_SHARE = 0.15


@dataclass(frozen=True)
class CameraRange:
    """Range of people's positions in the views of random cameras."""

    distance_m: tuple[float, float]
    """Range of the hip's distance."""
    camera_height_m: tuple[float, float]
    """Range of the camera's height above the floor."""
    even_in_log_distance: bool = False
    """Whether as many people are at 1 to 2 m as at 4 to 8 m; else distances are uniform."""
    pan: float = math.radians(39.0)
    """Largest angle of the hip to the left or right of the optical axis."""
    tilt: float = math.radians(17.0)
    """Largest angle above or below the axis of the point that the camera looks at."""
    target_above_hip_m: float = 0.0
    """Largest height of that point above the hip; the smallest is 0."""
    half_field: tuple[float, float] | None = None
    """Angles from the axis to the upper and lower border; None: the borders cut off nobody."""
    nearest_joint_m: float = 0.0
    """Smallest depth of a joint: nearer people are moved away."""
    body_scale: tuple[float, float] = (0.88, 1.12)
    """Scale of most people."""
    small_people: tuple[float, tuple[float, float]] = (0.0, (1.0, 1.0))
    """Share of small people, such as children, and their scale."""

    def trained_range(self) -> TrainedRange:
        """Distances and angles that a model sees."""
        lowest = self.tilt + math.atan(self.target_above_hip_m / self.distance_m[0])
        corner = math.hypot(math.tan(self.pan), math.tan(lowest))
        return TrainedRange(*self.distance_m, angle_deg=round(math.degrees(math.atan(corner)), 1))


EYE_LEVEL = CameraRange(distance_m=(1.5, 10.0), camera_height_m=(0.3, 2.6))
"""Covers the frozen evaluation: ±35° off the axis, 2 to 8 m away."""
WIDE = CameraRange(
    distance_m=(0.8, 12.0),
    camera_height_m=(0.2, 3.6),
    even_in_log_distance=True,
    target_above_hip_m=0.5,
    half_field=(math.radians(24.0), math.radians(45.0)),
    nearest_joint_m=0.3,
    small_people=(0.15, (0.68, 0.88)),
)
"""Also includes cameras at the ceiling, nearby bodies cut off at hips or chest, and children."""
CAMERA_RANGES: Mapping[str, CameraRange] = {"eye_level": EYE_LEVEL, "wide": WIDE}
"""Ranges by the names that `data.cameras` takes."""


def widest(cameras: Sequence[CameraRange]) -> TrainedRange:
    """The distances and angles that all ranges together cover."""
    ranges = [each.trained_range() for each in cameras]
    return TrainedRange(
        min(each.nearest_m for each in ranges),
        max(each.farthest_m for each in ranges),
        max(each.angle_deg for each in ranges),
    )


def to_random_cameras(
    positions: Tensor, hip: Tensor, generator: Generator, cameras: CameraRange = EYE_LEVEL
) -> Tensor:
    """World points (B, L, K, 3), z up → points in the optical frames of B random cameras.

    The hip of the middle frame, `hip` (B, 3), is placed at a random distance and angle.
    """
    batch = len(positions)
    distance = _distance(batch, cameras, generator)
    pan, tilt = (
        uniform((batch,), -limit, limit, generator) for limit in (cameras.pan, cameras.tilt)
    )
    drop = uniform((batch,), *cameras.camera_height_m, generator) - hip[:, 2]
    if cameras.target_above_hip_m:
        above = uniform((batch,), 0.0, cameras.target_above_hip_m, generator)
        tilt = tilt + torch.atan(above / distance)
    pitch = torch.asin((drop / distance).clamp(-0.9, 0.9)) - tilt
    roll = ROLL_STD * normal((batch,), generator)
    yaw = uniform((batch,), 0.0, 2 * math.pi, generator)
    rotation = _about_z(roll) @ _about_x(pitch) @ _level(yaw)
    ray = torch.stack([pan.tan(), tilt.tan(), torch.ones_like(pan)], -1)
    seen = torch.einsum("bij,blkj->blki", rotation, positions - hip[:, None, None])
    depth = distance / ray.norm(dim=-1)
    depth = depth.clamp(min=cameras.nearest_joint_m - seen[..., 2].amin((1, 2)))
    return seen + (depth[:, None] * ray)[:, None, None]


def body_scales(batch: int, generator: Generator, cameras: CameraRange = EYE_LEVEL) -> Tensor:
    """(B,) scale factors for the bodies of motion capture."""
    share, small = cameras.small_people
    draw = uniform((batch,), 0.0, 1.0, generator)
    low, high = cameras.body_scale
    usual = low + (high - low) * (draw - share) / (1 - share)
    if not share:
        return usual
    return torch.where(draw < share, small[0] + (small[1] - small[0]) * draw / share, usual)


def beyond_field(points: Tensor, generator: Generator, cameras: CameraRange) -> Tensor:
    """Which points (B, L, K, 3) in optical frames are above or below the images: (B, L, K)."""
    if cameras.half_field is None:
        return torch.zeros(points.shape[:3], dtype=torch.bool, device=points.device)
    border = uniform((len(points), 1, 1), *cameras.half_field, generator).tan()
    return points[..., 1].abs() > border * points[..., 2]


def _distance(batch: int, cameras: CameraRange, generator: Generator) -> Tensor:
    low, high = cameras.distance_m
    if not cameras.even_in_log_distance:
        return uniform((batch,), low, high, generator)
    return uniform((batch,), math.log(low), math.log(high), generator).exp()


def cut_by_border(x_2d: Tensor, generator: Generator) -> Tensor:
    """Joints (B, L, 17) beyond the image border, which cuts off a share of the windows.

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
