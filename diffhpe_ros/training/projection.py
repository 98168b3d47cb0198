"""The pinhole camera of the canonical view, for batches of points."""

from torch import Tensor

from diffhpe_ros.camera import CANONICAL_FOCAL


def project(points: Tensor) -> Tensor:
    """Optical-frame points (..., 3) → canonical view (..., 2)."""
    return CANONICAL_FOCAL * points[..., :2] / points[..., 2:].clamp(min=0.3)
