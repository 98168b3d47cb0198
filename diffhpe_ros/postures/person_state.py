"""The state of a person: posture, gestures, and the pointing direction.

Names are from REP-155's BodyPosture and Gesture; KNEELING and POINTING are additions.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.geometry.rigid_transform import RigidTransform

UNKNOWN = "UNKNOWN"
POSTURES = ("STANDING", "SITTING", "CROUCHING", "KNEELING", "LAYING")
"""A person has one of these postures."""
GESTURES = (
    "LEFT_HAND_RAISED",
    "RIGHT_HAND_RAISED",
    "BOTH_HANDS_RAISED",
    "WAVING",
    "ARMS_CROSSED",
    "HANDS_ON_FACE",
    "POINTING",
)
"""A person may make any number of these gestures at a time."""


@dataclass(frozen=True, eq=False)
class Pointing:
    """A ray from the hand of a stretched arm, in the frame of the joints."""

    side: str
    """The arm: left or right."""
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
    """One of `POSTURES`, or `UNKNOWN` if the up direction is not known."""
    posture_probability: Mapping[str, float]
    """Probability of each of `POSTURES`, 1 in total; NaN where unknown."""
    fallen: bool
    """Whether the person has been lying for two seconds, and was upright shortly before."""
    gestures: tuple[str, ...]
    """Those of `GESTURES` that the person makes."""
    gesture_probability: Mapping[str, float]
    """Probability of each of `GESTURES`; NaN where unknown."""
    pointing: Pointing | None
    """The pointing ray, if the person points."""

    def moved(self, transform: RigidTransform) -> "PersonState":
        """The same state in another frame."""
        if self.pointing is None:
            return self
        origin = transform.points(self.pointing.origin)
        direction = transform.vectors(self.pointing.direction)
        return replace(self, pointing=replace(self.pointing, origin=origin, direction=direction))
