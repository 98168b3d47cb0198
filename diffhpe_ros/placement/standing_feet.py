"""The size of a person whose feet stand on a known floor.

In an image a large person far away looks like a small one nearby. But one of the two would float
above the floor or sink into it: a standing foot is on the floor, and only one size puts it there.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.geometry.floor import Floor

Array = NDArray[np.float64]

ANKLE_M = 0.075
"""Height of the joint `Foot`, the ankle, of a standing person of the usual size: the median of our
motion capture, where people differ by 15 mm."""

_HIPS, _KNEES, _FEET = [1, 4], [2, 5], [3, 6]
_AROUND = 2
"""Frames before and after, over which a foot's speed is measured."""
_STILL, _STILL_ALONG = 0.25, 0.6
"""m/s across the line of sight and along it, below which a foot counts as standing."""
_LOWER_M = 0.05
"""The other foot also counts as standing if it is higher by less than this."""
_STRAIGHT = 0.8
"""Least height of the hip above the foot, as a share of the leg: a person who sits or lies may have
the feet on something other than the floor."""
_FEWEST = 4
"""Fewest frames of a window in which a foot stands."""
_LEAST_DROP_M = 0.05
"""Least height of the camera above the foot: a foot at the camera's own height says nothing."""

_FOOT_SD_M = 0.03
"""Vertical error of a foot; it differs from second to second. With this value, on motion capture
through random cameras (bench/floor.py), the errors of sizes are 1.0 times the stated ones."""
_ANKLE_SD_M = 0.015
"""Error of `ANKLE_M`; it is constant for a person."""


@dataclass(frozen=True)
class SizeMeasurement:
    """The size of a person from one window, as a share of the usual one."""

    size: float
    sd: float
    """Standard deviation of its logarithm: the part that differs from window to window."""
    lasting_sd: float
    """Standard deviation of its logarithm: the part that is the same in all windows, since floor
    and ankle are the same."""


def size_by_feet(
    poses: Array,
    root: Array,
    seen: NDArray[np.bool_],
    times_s: Array,
    floor: Floor,
    camera: Array | None = None,
    *,
    size: float = 1.0,
) -> SizeMeasurement | None:
    """The size that puts the standing feet on the floor.

    The joint X of a foot of a person of the usual size is -up·X below the camera, and `ANKLE_M`
    above the floor. Both grow with the size s, so s (ANKLE_M - up·X) is the camera's height.

    Args:
        poses: (F, 17, 3) root-relative metres of a person of the usual size.
        root: (F, 3) root of a person of the usual size, NaN where unknown.
        seen: (F, 17) whether each joint is seen.
        times_s: (F,).
        floor: in the camera of the newest frame, whose orientation all frames have.
        camera: (F, 3) position of each frame's camera in the newest one; None for a fixed camera.
        size: the person's size so far, needed for the speed of the feet.

    Returns:
        None if no foot stands for long enough, or it is not below the camera.
    """
    moved = np.zeros_like(root) if camera is None else camera
    feet = root[:, None] + poses[:, _FEET]
    drop = -(feet @ floor.up)
    stands = _stand(poses, feet, size * feet + moved[:, None], times_s, floor)
    stands &= seen[:, _FEET] & np.isfinite(drop) & (drop > _LEAST_DROP_M)
    if stands.any(1).sum() < _FEWEST:
        return None
    below = ANKLE_M + drop[stands]
    heights = np.broadcast_to((floor.height + moved @ floor.up)[:, None], drop.shape)[stands]
    away = np.linalg.norm(feet[stands] + drop[stands][:, None] * floor.up, axis=-1)
    middle = float(np.median(below))
    found = float(np.median(heights / below))
    if found <= 0:
        return None
    lasting = np.array(
        [
            np.median(away) * floor.up_sd / middle,
            floor.height_sd / floor.height,
            _ANKLE_SD_M / middle,
        ]
    )
    return SizeMeasurement(found, _FOOT_SD_M / middle, float(np.linalg.norm(lasting)))


def _stand(
    poses: Array, feet: Array, world: Array, times_s: Array, floor: Floor
) -> NDArray[np.bool_]:
    """(F, 2) whether each foot is still, lowest, and under a nearly straight leg."""
    sight = feet / np.linalg.norm(feet, axis=-1, keepdims=True)
    velocity = _velocity(times_s, world)
    along = (velocity * sight).sum(-1)
    across = np.linalg.norm(velocity - along[..., None] * sight, axis=-1)
    still = (across < _STILL) & (np.abs(along) < _STILL_ALONG)
    height = feet @ floor.up
    lowest = height < height.min(1, keepdims=True) + _LOWER_M
    thigh, shin = poses[:, _HIPS] - poses[:, _KNEES], poses[:, _KNEES] - poses[:, _FEET]
    leg = np.linalg.norm(thigh, axis=-1) + np.linalg.norm(shin, axis=-1)
    straight = (thigh + shin) @ floor.up > _STRAIGHT * leg
    return np.asarray(still & lowest & straight)


def _velocity(times_s: Array, points: Array) -> Array:
    """(F, ...) per second."""
    frames = np.arange(len(times_s))
    first, last = (frames + offset for offset in (-_AROUND, _AROUND))
    first, last = first.clip(0), last.clip(max=len(times_s) - 1)
    seconds = (times_s[last] - times_s[first]).reshape(-1, *[1] * (points.ndim - 1))
    return np.asarray((points[last] - points[first]) / seconds)
