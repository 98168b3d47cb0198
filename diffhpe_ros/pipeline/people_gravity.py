"""Gravity from the people in view: a walking person is upright.

The body axis of a lying person looks like that of a standing person, and no image tells them
apart. So at first only walking people count: their legs are nearly straight, their feet pass each
other, and the hip moves across the body. Later standing people count, too, if they agree.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.pipeline.gravity import Gravity
from diffhpe_ros.skeleton import HIP, THORAX
from diffhpe_ros.track_registry import OUTPUT_S, TrackStates

_HIPS, _KNEES, _FEET = [1, 4], [2, 5], [3, 6]
_LOOK_S = 1.0
"""Duration of one observation ("look") of a person: a whole stride."""
_FEWEST = 4
"""Fewest images of a look."""
_STRAIGHT = 0.9
"""Least distance of the Thorax from the feet, as a share of the lengths of legs and torso."""
_IN_LINE = np.cos(np.radians(15.0))
"""Largest angle between torso and legs: 99 % of 762 seconds of walking in motion capture are within
it."""
_WALKED_M = 0.4
"""Least distance that the hip moves in a look, across the body."""
_PASSED_M = 0.4
"""Least distance that one foot moves past the other in a look."""
_ALONG = 0.5
"""Largest motion of the hip along the body, as a share of its motion across."""
_AGREES = np.cos(np.radians(15.0))
"""Largest angle to the known gravity at which standing people count."""
_FORGET_S = 120.0
"""Age at which a look's weight has fallen to 1/e."""
_KEPT = 256
"""Number of looks kept: bounds memory."""
_OFF = np.radians(5.0)
"""Looks that are off by more than this count only linearly (Huber)."""
_PASSES = 5
_SD_LOOK = np.radians(6.0)
"""Error of one look: people lean, and their poses have errors."""
_SD_ALWAYS = np.radians(1.5)
"""Error that no number of looks makes smaller: all people lean the same way."""
_SAME_S = 3.0
"""Looks within this time have the same error."""


@dataclass
class _Look:
    """The last images of one person."""

    stamps_ns: list[int] = field(default_factory=list)
    joints: list[NDArray[np.float32]] = field(default_factory=list)


class PeopleGravity:
    """Gravity in the optical frame of a camera that stands still or rarely moves."""

    def __init__(self) -> None:
        self._tracks = TrackStates(_Look, OUTPUT_S)
        self._looks: deque[tuple[int, NDArray[np.float64]]] = deque(maxlen=_KEPT)
        self._gravity: Gravity | None = None

    @property
    def gravity(self) -> Gravity | None:
        """The estimate; None before a person has walked."""
        return self._gravity

    def update(self, track_ids: Sequence[int], joints: NDArray[np.float32], stamp_ns: int) -> None:
        """Add the people of an image.

        Args:
            track_ids: P track ids.
            joints: (P, 17, 3) metres in the camera's optical frame, NaN where unknown.
            stamp_ns: time of the image.
        """
        looks = self._tracks.update("", track_ids, stamp_ns)
        found = False
        for look, person in zip(looks, joints, strict=True):
            if not np.isfinite(person).all():
                continue
            look.stamps_ns.append(stamp_ns)
            look.joints.append(person)
            if look.stamps_ns[-1] - look.stamps_ns[0] >= _LOOK_S * 1e9:
                axis = self._axis(np.stack(look.joints).astype(np.float64))
                look.stamps_ns, look.joints = [], []
                if axis is not None:
                    self._looks.append((stamp_ns, axis))
                    found = True
        if found:
            self._gravity = self._mean(stamp_ns)

    def _axis(self, joints: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """The axis of an upright body (T, 17, 3); None if it is not certainly upright."""
        if len(joints) < _FEWEST:
            return None
        axis = body_axis(joints)
        if axis is None:
            return None
        agrees = self._gravity is not None and axis @ self._gravity.up > _AGREES
        return axis if agrees or walks(joints, axis) else None

    def _mean(self, stamp_ns: int) -> Gravity:
        """A robust mean of all looks; older ones count less."""
        stamps = np.array([stamp for stamp, _ in self._looks], np.float64)
        axes = np.stack([axis for _, axis in self._looks])
        age = np.exp((stamps - stamp_ns) / (1e9 * _FORGET_S)).clip(0, 1)
        up = np.median(axes, 0)
        for _ in range(_PASSES):
            up = up / np.linalg.norm(up)
            off = np.arccos(np.clip(axes @ up, -1, 1))
            up = ((age * np.minimum(1, _OFF / np.maximum(off, 1e-9)))[:, None] * axes).sum(0)
        different = max(1.0, float(age.sum()) * _LOOK_S / _SAME_S)
        sd = float(np.hypot(_SD_ALWAYS, _SD_LOOK / np.sqrt(different)))
        return Gravity(up / np.linalg.norm(up), sd, "people")


def body_axis(joints: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """The mean direction (3,) from the feet to the Thorax; None for a bent body.

    Args:
        joints: (T, 17, 3) metres.
    """
    feet, hip, thorax = joints[:, _FEET].mean(1), joints[:, HIP], joints[:, THORAX]
    legs = np.linalg.norm(joints[:, _FEET] - joints[:, _KNEES], axis=-1).mean(1)
    legs += np.linalg.norm(joints[:, _KNEES] - joints[:, _HIPS], axis=-1).mean(1)
    whole = legs + np.linalg.norm(thorax - hip, axis=-1)
    axes = thorax - feet
    height = np.linalg.norm(axes, axis=-1)
    if height.mean() < _STRAIGHT * whole.mean():
        return None
    if _unit((hip - feet).mean(0)) @ _unit((thorax - hip).mean(0)) < _IN_LINE:
        return None
    return _unit((axes / height[:, None]).mean(0))


def walks(joints: NDArray[np.float64], axis: NDArray[np.float64]) -> bool:
    """Whether a body (T, 17, 3) walks across its axis (3,)."""
    way = joints[-1, HIP] - joints[0, HIP]
    along = float(way @ axis)
    across = way - along * axis
    length = float(np.linalg.norm(across))
    if length < _WALKED_M or abs(along) > _ALONG * length:
        return False
    ahead = (joints[:, _FEET[0]] - joints[:, _FEET[1]]) @ (across / length)
    return bool(np.ptp(ahead) >= _PASSED_M)


def _unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(vector / np.linalg.norm(vector))
