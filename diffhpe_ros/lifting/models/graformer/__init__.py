"""GraFormer, and the released DiffPose that refines a pose: what their checkpoints need."""

from diffhpe_ros.lifting.models.graformer.config import GraFormerConfig, RefinerConfig
from diffhpe_ros.lifting.models.graformer.pose import GraFormer
from diffhpe_ros.lifting.models.graformer.refiner import Refiner, ReleasedDiffPose

__all__ = [
    "GraFormer",
    "GraFormerConfig",
    "Refiner",
    "RefinerConfig",
    "ReleasedDiffPose",
]
