"""Poses over time: blending of overlapping windows, smoothing of joints, and slopes."""

from diffhpe_ros.smoothing.blending import Blending
from diffhpe_ros.smoothing.one_euro import OneEuro
from diffhpe_ros.smoothing.slope import slope_at

__all__ = ["Blending", "OneEuro", "slope_at"]
