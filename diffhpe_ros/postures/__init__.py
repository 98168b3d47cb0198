"""Postures, gestures and pointing of a person, by rules on the 3D joints over time.

Each has a probability: the share of poses, drawn from the joints' covariance, that satisfy its
rule.
"""

from diffhpe_ros.postures.observer import PersonObserver
from diffhpe_ros.postures.person_state import GESTURES, POSTURES, UNKNOWN, PersonState, Pointing

__all__ = ["GESTURES", "POSTURES", "UNKNOWN", "PersonObserver", "PersonState", "Pointing"]
