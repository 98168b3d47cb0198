"""Rules for postures, by angles and by heights in lengths of a leg."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.postures.person_state import POSTURES
from diffhpe_ros.skeleton import HIP, THORAX

Array: TypeAlias = NDArray[np.float64]

KNEES, FEET, HIPS = [2, 5], [3, 6], [1, 4]
_HEAD = 10

_LYING_TILT = 50.0
"""Least angle of a lying trunk from vertical, in degrees."""
_LYING_HEIGHT = 0.45
"""Largest height of a lying person's Hip above the lowest ankle, in lengths of a leg: lower than on
a chair."""
_LYING_HEAD = 0.55
"""Likewise for the head: a person who sits on the floor and leans has it higher."""
_KNEE_HEIGHT = 0.17
"""Largest height of a knee on the ground above the ankle: at most the length of the foot."""
_KNEELING_BEND = 60.0
"""Least bend of a kneeling knee, in degrees: sitting with straight legs bends it less."""
_STANDING_HEIGHT = 0.78
"""Least height of a standing person's Hip above the lowest ankle: knees are bent by less than about
75 degrees."""
_THIGH, _HORIZONTAL_THIGH = 50.0, 65.0
"""Least angle of a sitting person's thighs from hanging, in degrees, as a mean of both. The second
value is for sitting erect, see `_ERECT`."""
_OFF_BALANCE = 0.15
"""Least horizontal distance of the centre of mass from the ankles, in lengths of a leg, at which a
person sits and does not squat."""
_ERECT = 15.0
"""Largest tilt of an erect trunk, in degrees: a squatting person leans forward; a person sitting
with the feet under the seat leans less."""


def posture_of(poses: Array, up: NDArray[Any]) -> NDArray[np.int64]:
    """The posture of each pose, as an index into `POSTURES`.

    Args:
        poses: (D, 17, 3) metres.
        up: (3,) unit vector against gravity.
    """
    thighs, shanks = poses[:, KNEES] - poses[:, HIPS], poses[:, FEET] - poses[:, KNEES]
    leg = (lengths(thighs) + lengths(shanks)).mean(-1)
    ground = (poses[:, FEET] @ up).min(-1)
    hip = (poses[:, HIP] @ up - ground) / leg
    head = (poses[:, _HEAD] @ up - ground) / leg
    knees = (poses[:, KNEES] @ up - ground[:, None]) / leg[:, None]
    tilt = angle_deg(poses[:, THORAX] - poses[:, HIP], up)
    lying = (tilt > _LYING_TILT) & (hip < _LYING_HEIGHT) & (head < _LYING_HEAD)
    bend = angle_deg(thighs, shanks)
    on_knee = (knees < _KNEE_HEIGHT) & (bend > _KNEELING_BEND)
    thigh = angle_deg(thighs, -np.asarray(up)).mean(-1)
    low = hip < _STANDING_HEIGHT
    unbalanced = _off_balance(poses, up) / leg > _OFF_BALANCE
    erect = (thigh > _HORIZONTAL_THIGH) & (tilt < _ERECT)
    seated = (thigh > _THIGH) & (unbalanced | erect)
    which = np.select([lying, low & on_knee.any(-1), low & seated, low], [4, 3, 1, 2], 0)
    return np.asarray(which, np.int64)


def posture_probabilities(poses: Array, up: NDArray[Any]) -> Array:
    """The share of the poses (D, 17, 3) in each of `POSTURES`."""
    return np.bincount(posture_of(poses, up), minlength=len(POSTURES)) / len(poses)


def _off_balance(poses: Array, up: NDArray[Any]) -> Array:
    """(D,) horizontal metres from the ankles' middle to the body's centre of mass.

    By Winter's shares of mass: a thigh 0.10, trunk, head and arms 0.68. The rest is shanks with
    feet, which hardly move the centre.
    """
    trunk = 0.4 * poses[:, HIP] + 0.6 * poses[:, THORAX]
    thighs = (poses[:, HIPS] + poses[:, KNEES]).mean(1) / 2
    shanks = (poses[:, KNEES] + poses[:, FEET]).mean(1) / 2
    away = 0.68 * trunk + 0.2 * thighs + 0.12 * shanks - poses[:, FEET].mean(1)
    return lengths(away - (away @ up)[:, None] * up)


def lengths(vectors: NDArray[Any]) -> Array:
    """(...,) lengths of vectors (..., 3)."""
    return np.asarray(np.sqrt((vectors * vectors).sum(-1)), np.float64)


def angle_deg(one: NDArray[Any], other: NDArray[Any]) -> Array:
    """(...,) angles between vectors (..., 3), in degrees."""
    cosine = (one * other).sum(-1) / (lengths(one) * lengths(other)).clip(min=1e-12)
    return np.asarray(np.degrees(np.arccos(cosine.clip(-1, 1))))
