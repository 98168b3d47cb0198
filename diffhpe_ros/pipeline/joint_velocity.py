"""The velocity of joints at one frame of their windows, and its covariance."""

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.pipeline.root_localizer import LocalizedWindows
from diffhpe_ros.skeleton import HIP
from diffhpe_ros.smoothing import slope_at

Array = NDArray[np.float64]

FRAMES = 5
"""Number of frames for the slope, 0.13 s at 30 a second: fewer are noisier, more lag behind. On the
validation data, 4 to 7 frames at 50 a second were as good."""

# The constants below are from `python bench/velocities.py --split validation --fit`, times 1.1:
# with this factor, the excess of true values within one sigma equals the lack within two sigma.
ERROR_RATE = np.array(
    [0.0, 1.1, 0.4, 0.4, 1.1, 0.4, 0.4, 1.3, 1.1, 0.9, 0.8, 1.1, 1.3, 2.0, 1.1, 1.3, 2.0]
)
"""(17,) 1/s: how fast the error of a joint changes, as a share of its standard deviation."""
SPEED_ACROSS, SPEED_ALONG = 0.5, 0.59
"""The added standard deviation of a velocity, across the line of sight and along it, as a share of
the joint's root mean square speed over the window: the model underestimates fast motion."""
HIP_ACROSS, HIP_SLOPE = 0.135, 0.6
"""m/s: standard deviations of the Hip's velocity across the line of sight, and of its speed along
it from the newest window alone."""
UNKNOWN = 1.0
"""m/s: standard deviation of an unknown velocity."""


def joint_velocities(
    localized: LocalizedWindows, frame: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The velocity of each joint at a frame of P windows.

    Across the line of sight, the Hip's velocity is the slope of its root trajectory. Along it, the
    slope and the distance filter's speed are weighted by their variances: the filter is better
    once it has followed a person, the window is better for a new person. The other joints'
    velocity relative to the Hip is the slope of their poses.

    Args:
        localized: P windows of one camera.
        frame: negative index, counted from the newest.

    Returns:
        (P, 17, 3) m/s, NaN for a person whose position is unknown, and (P, 17, 3, 3) m²/s²: the
        covariance of the Hip's velocity, and of the others' velocity relative to the Hip.
    """
    times_s = localized.windows.offsets_ns / 1e9
    poses = localized.lifted.poses
    of_hip, hip_covariance, sight = _hip_velocity(localized, times_s, frame)
    relative = slope_at(times_s, poses, frame, FRAMES)
    covariance = _relative_covariance(
        localized.lifted.covariance[:, frame], rms_speed(times_s, poses), sight
    )
    covariance[:, HIP] = hip_covariance
    velocity = relative - relative[:, [HIP]] + of_hip[:, None]
    return velocity.astype(np.float32), covariance.astype(np.float32)


def _hip_velocity(
    localized: LocalizedWindows, times_s: Array, frame: int
) -> tuple[Array, Array, Array]:
    """Velocity (P, 3), its covariance (P, 3, 3) and the line of sight (P, 3) to the Hip."""
    root = localized.root[:, frame].astype(np.float64)
    ray = root / root[:, 2:]
    slope = slope_at(times_s, localized.root, frame, FRAMES)
    known = np.isfinite(slope).all(-1) | np.isnan(ray[:, 0])
    slope = np.where(known[:, None], slope, 0.0)
    slope_variance = np.where(known, HIP_SLOPE**2, UNKNOWN**2)
    followed = np.isfinite(localized.speed[:, 0])
    filtered = np.where(followed, localized.speed[:, 0], slope[:, 2])
    variance = np.where(followed, localized.speed[:, 1], UNKNOWN**2)
    share = slope_variance / (slope_variance + variance)
    sight = ray / np.linalg.norm(ray, axis=-1, keepdims=True)
    velocity = slope + (share * (filtered - slope[:, 2]))[:, None] * ray
    across = np.where(known, HIP_ACROSS, UNKNOWN) ** 2
    return velocity, _about(sight, across, share * variance), sight


def rms_speed(times_s: Array, poses: NDArray[np.float32]) -> Array:
    """(P, 17) m/s relative to the root, over the window."""
    steps = np.diff(poses.astype(np.float64), axis=1) / np.diff(times_s)[..., None, None]
    return np.asarray(np.sqrt((steps**2).sum(-1).mean(1)))


def _relative_covariance(position: NDArray[np.float32], speed: Array, sight: Array) -> Array:
    """(P, 17, 3, 3) from the covariance of positions (P, 17, 3, 3) and speeds (P, 17)."""
    drift = ERROR_RATE[:, None, None] ** 2 * position.astype(np.float64)
    return drift + _about(sight[:, None], (SPEED_ACROSS * speed) ** 2, (SPEED_ALONG * speed) ** 2)


def _about(sight: Array, across: Array, along: Array) -> Array:
    """Covariances (..., 3, 3) from variances (...) across and along lines of sight (..., 3)."""
    outer = sight[..., :, None] * sight[..., None, :]
    return across[..., None, None] * (np.eye(3) - outer) + along[..., None, None] * outer
