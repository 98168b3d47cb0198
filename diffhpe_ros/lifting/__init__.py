"""Windows of 2D keypoints → 3D poses: the papers' networks, samplers and checkpoints."""

from diffhpe_ros.lifting.checkpoints import convert, load_model, save_model
from diffhpe_ros.lifting.config import ModelConfig, Preset, build_model
from diffhpe_ros.lifting.lifter import Lifter, LiftingStream, LiftResult

__all__ = [
    "LiftResult",
    "Lifter",
    "LiftingStream",
    "ModelConfig",
    "Preset",
    "build_model",
    "convert",
    "load_model",
    "save_model",
]
