"""A person's speed in the image, and the noise that the next window starts with."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

FLOOR, CEILING = 0.7, 1.0
"""The share of the diffusion steps that a window starts at: for a still person, and from the speed
`FAST` on, where nothing of the last pose is kept. A lower floor passes on the last window's errors:
on walking people the error was 48 mm with 0.3, 45 mm with 0.7, and 43 mm with starts at noise."""
FAST = 1.0
"""Speed of the joints relative to their centre, in person sizes per second; 0.35 for walking."""
AT_LEAST = 5
"""Frames over which speed is measured; over fewer, the detector's jitter would dominate."""

_TINY = 1e-6


def initial_steps(speed: NDArray[Any], steps: int) -> NDArray[np.int64]:
    """Zero-based steps (N,) to start at, which grow with the people's speed (N,).

    Args:
        speed: from `image_speed`.
        steps: number of diffusion steps.
    """
    share = FLOOR + (CEILING - FLOOR) * (speed / FAST).clip(0, 1)
    return (share * steps).round().astype(np.int64).clip(1, steps) - 1


def image_speed(
    x_2d: NDArray[np.float32], new_frames: NDArray[np.int64], rates: NDArray[Any]
) -> NDArray[Any]:
    """Mean speed of joints in the image, in person sizes per second, (N,).

    Poses are relative to the root, so the joints' common motion is removed. A joint's speed is that
    of its mean motion, in which the detector's jitter nearly cancels.

    Args:
        x_2d: (N, L, J, 2), (0, 0) where unseen.
        new_frames: (N,), number of newest frames to measure, raised to at least `AT_LEAST`.
        rates: (N,), frames per second.

    Returns:
        (N,); infinite where no joint is seen in those frames.
    """
    seen = (x_2d != 0).any(-1)
    both = seen[:, 1:] & seen[:, :-1]  # (N, L-1, J): seen in a frame and in the one before
    moved = (x_2d[:, 1:] - x_2d[:, :-1]) * both[..., None]
    moved = moved - (moved.sum(2) / both.sum(2).clip(min=1)[..., None])[:, :, None]
    age = np.arange(both.shape[1])[::-1]
    counted = both & (age < new_frames.clip(min=AT_LEAST)[:, None])[..., None]
    frames = counted.sum(1)  # (N, J)
    per_frame = (moved * counted[..., None]).sum(1) / frames.clip(min=1)[..., None]
    velocity = rates[:, None, None] * per_frame
    joints = (frames > 0).sum(1)
    speed = np.linalg.norm(velocity, axis=-1).sum(1) / joints.clip(min=1)
    return np.where(joints > 0, speed / image_size(x_2d), np.inf)


def image_size(x_2d: NDArray[np.float32]) -> NDArray[Any]:
    """Longer side (N,) of the seen joints' box, averaged over the frames of (N, L, J, 2)."""
    seen = (x_2d != 0).any(-1)
    low = np.where(seen[..., None], x_2d, np.inf).min(2)
    high = np.where(seen[..., None], x_2d, -np.inf).max(2)
    any_seen = seen.any(2)
    side = np.where(any_seen, (high - low).max(-1), 0.0)
    size: NDArray[Any] = (side.sum(1) / any_seen.sum(1).clip(min=1)).clip(min=_TINY)
    return size
