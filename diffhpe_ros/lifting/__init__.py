"""Windows of 2D keypoints → 3D poses: the papers' networks, samplers and checkpoints."""

from diffhpe_ros.lifting.batches import lift_all
from diffhpe_ros.lifting.checkpoints import convert, load_model, save_model
from diffhpe_ros.lifting.config import ModelConfig, Preset, build_model
from diffhpe_ros.lifting.lifter import Lifter, LiftResult, use_threads
from diffhpe_ros.lifting.stream import LiftingStream

DEFAULT_MODEL = "diffhpe-wrapper-robust"
"""The model that is lifted with where none is named."""

__all__ = [
    "DEFAULT_MODEL",
    "LiftResult",
    "Lifter",
    "LiftingStream",
    "ModelConfig",
    "Preset",
    "build_model",
    "convert",
    "lift_all",
    "load_model",
    "save_model",
    "use_threads",
]
