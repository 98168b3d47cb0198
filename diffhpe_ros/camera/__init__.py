"""Cameras: intrinsics, lenses and calibrations."""

from diffhpe_ros.camera.camera import CANONICAL_FOCAL, DEFAULT_FIELD_OF_VIEW, Camera

__all__ = ["CANONICAL_FOCAL", "DEFAULT_FIELD_OF_VIEW", "Camera"]
