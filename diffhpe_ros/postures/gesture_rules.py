"""Rules for gestures, by angles and by distances in lengths of a forearm.

Waving and pointing also need the motion of the hand: see `motion`.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.postures.posture_rules import Array, angle_deg, lengths
from diffhpe_ros.skeleton import HIP, THORAX

NOSE = 9
SHOULDERS, ELBOWS, WRISTS = [11, 14], [12, 15], [13, 16]
"""Left and right."""

_CROSSED = 0.9
"""Largest distance of each wrist from the other elbow."""
_ON_FACE = 1.0
"""Largest distance of both wrists from the nose."""
_STRETCHED = 40.0
"""Largest bend of a pointing arm's elbow, in degrees."""
_LIFTED, _OVERHEAD = 50.0, 150.0
"""Limits of a stretched arm's angle in degrees; 0 is hanging along the trunk."""
_WAVING_TILT = 60.0
"""Largest angle of the forearm from vertical, in degrees."""


def hands_raised(poses: Array, up: NDArray[Any]) -> NDArray[np.bool_]:
    """(D, 2), left and right: the wrist is above the nose.

    Args:
        poses: (D, 17, 3) metres.
        up: (3,) unit vector against gravity.
    """
    heights = poses @ up
    return np.asarray(heights[:, WRISTS] > heights[:, [NOSE]])


def ready_to_wave(poses: Array, up: NDArray[Any]) -> NDArray[np.bool_]:
    """(D, 2), left and right: the hand is above the shoulder, and the forearm is upright."""
    heights = poses @ up
    upright = angle_deg(poses[:, WRISTS] - poses[:, ELBOWS], up) < _WAVING_TILT
    return np.asarray(upright & (heights[:, WRISTS] > heights[:, SHOULDERS]))


def arms_crossed(poses: Array) -> NDArray[np.bool_]:
    """(D,): each wrist is near the other elbow."""
    apart = lengths(poses[:, WRISTS] - poses[:, ELBOWS[::-1]])
    return np.asarray((apart < _CROSSED * _forearm(poses)[:, None]).all(-1))


def hands_on_face(poses: Array) -> NDArray[np.bool_]:
    """(D,): both wrists are near the nose."""
    apart = lengths(poses[:, WRISTS] - poses[:, [NOSE]])
    return np.asarray((apart < _ON_FACE * _forearm(poses)[:, None]).all(-1))


def arm_stretched(poses: Array) -> NDArray[np.bool_]:
    """(D, 2), left and right: the arm is straight, and neither hanging nor overhead."""
    upper = poses[:, ELBOWS] - poses[:, SHOULDERS]
    straight = angle_deg(upper, poses[:, WRISTS] - poses[:, ELBOWS]) < _STRETCHED
    down = (poses[:, HIP] - poses[:, THORAX])[:, None]
    lift = angle_deg(poses[:, WRISTS] - poses[:, SHOULDERS], down)
    return np.asarray(straight & (lift > _LIFTED) & (lift < _OVERHEAD))


def _forearm(poses: Array) -> Array:
    return lengths(poses[:, WRISTS] - poses[:, ELBOWS]).mean(-1)
