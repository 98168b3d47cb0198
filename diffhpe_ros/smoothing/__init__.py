"""Poses over time: overlapping windows blended, joints smoothed; for each person apart."""

from diffhpe_ros.smoothing.blending import Blending
from diffhpe_ros.smoothing.one_euro import OneEuro
from diffhpe_ros.smoothing.per_person import PerPerson

__all__ = ["Blending", "OneEuro", "PerPerson"]
