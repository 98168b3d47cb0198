"""Poses over time: overlapping windows blended, joints smoothed; of one person."""

from diffhpe_ros.smoothing.blending import Blending
from diffhpe_ros.smoothing.one_euro import OneEuro

__all__ = ["Blending", "OneEuro"]
