"""How large a person is whose feet stand on a known floor.

In a picture a large person far away looks like a small one nearby. But the higher of the two would
float, or the lower one sink: a foot that stands is on the floor, and only one size puts it there.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.geometry.floor import Floor

Array = NDArray[np.float64]

ANKLE_M = 0.075
"""Height of the joint `Foot`, the ankle, of a person of the usual size who stands: the median of
our motion capture, whose people differ by 15 mm."""

_HIPS, _KNEES, _FEET = [1, 4], [2, 5], [3, 6]
_AROUND = 2
"""Frames before and after, over which a foot's speed is taken."""
_STILL, _STILL_ALONG = 0.25, 0.6
"""m/s across the line of sight and along it, below which a foot stands."""
_LOWER_M = 0.05
"""The other foot stands, too, if it is higher by less."""
_STRAIGHT = 0.8
"""Least height of the hip above the foot, as a share of the leg: who sits or lies may have the feet
on something else than the floor."""
_FEWEST = 4
"""Frames of a window in which a foot stands."""
_LEAST_DROP_M = 0.05
"""Of the foot below the camera: what is at the camera's own height tells nothing."""

_FOOT_SD_M = 0.03
"""Error of a foot along the vertical; it differs from second to second. On motion capture through
random cameras (bench/floor.py) sizes then err by 1.0 times what they are stated to."""
_ANKLE_SD_M = 0.015
"""Error of `ANKLE_M`; it lasts."""


@dataclass(frozen=True)
class SizeMeasurement:
    """The size of a person, as a share of the usual one, by one window."""

    size: float
    sd: float
    """Of its logarithm: what differs from window to window."""
    lasting_sd: float
    """Of its logarithm: what is the same in all windows, since floor and ankle are."""


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
    """The size at which the feet that stand are on the floor.

    The foot X of a person of the usual size is -up·X below the camera, and its ankle `ANKLE_M`
    above the floor. Both grow with the size s, so s (ANKLE_M - up·X) is the camera's height.

    Args:
        poses: (F, 17, 3) root-relative metres of a person of the usual size.
        root: (F, 3) where a person of the usual size would be, NaN where unknown.
        seen: (F, 17) of the joints.
        times_s: (F,).
        floor: in the camera of the newest frame, as whose all frames are turned.
        camera: (F, 3) of each frame in that of the newest; None for one that stands still.
        size: what is known of the person's size; it tells how fast the feet move.

    Returns:
        None where no foot stands for long enough, or it is not below the camera.
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
    """(F, 2) which feet are still, lowest, and under a leg that is nearly straight."""
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
