"""What is said of a person: posture, gestures, and where they point.

Names are those of REP-155's BodyPosture and Gesture; KNEELING and POINTING are not in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.geometry.rigid_transform import RigidTransform

UNKNOWN = "UNKNOWN"
POSTURES = ("STANDING", "SITTING", "CROUCHING", "KNEELING", "LAYING")
"""One of them is the posture."""
GESTURES = (
    "LEFT_HAND_RAISED",
    "RIGHT_HAND_RAISED",
    "BOTH_HANDS_RAISED",
    "WAVING",
    "ARMS_CROSSED",
    "HANDS_ON_FACE",
    "POINTING",
)
"""Any of them may be made at a time."""


@dataclass(frozen=True, eq=False)
class Pointing:
    """A ray from the hand of a stretched arm, in the frame of the joints."""

    side: str
    """Of the arm: left or right."""
    origin: NDArray[np.float64]
    """(3,) metres: the wrist."""
    direction: NDArray[np.float64]
    """(3,) unit vector, from the nose to the wrist."""
    cone_deg: float
    """95 % of the poses drawn from the covariance point within this angle of the ray."""


@dataclass(frozen=True, eq=False)
class PersonState:
    """Posture and gestures of a person at one time."""

    posture: str
    """One of `POSTURES`, or `UNKNOWN` where nobody knows which way is up."""
    posture_probability: Mapping[str, float]
    """Of each of `POSTURES`, 1 in all; NaN where unknown."""
    fallen: bool
    """Whether the person lies since two seconds, and was upright shortly before."""
    gestures: tuple[str, ...]
    """Those of `GESTURES` that are made."""
    gesture_probability: Mapping[str, float]
    """Of each of `GESTURES`; NaN where unknown."""
    pointing: Pointing | None
    """Where the person points, if they do."""

    def moved(self, transform: RigidTransform) -> "PersonState":
        """The same in another frame."""
        if self.pointing is None:
            return self
        origin = transform.points(self.pointing.origin)
        direction = transform.vectors(self.pointing.direction)
        return replace(self, pointing=replace(self.pointing, origin=origin, direction=direction))
