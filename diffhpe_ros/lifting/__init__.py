"""Windows of 2D keypoints → 3D poses: the papers' networks, samplers and checkpoints."""

from diffhpe_ros.lifting.batched import lift_in_batches
from diffhpe_ros.lifting.checkpoints.configuration import ModelConfig, build_model
from diffhpe_ros.lifting.checkpoints.model_folders import (
    convert,
    load_model,
    model_sha256,
    save_model,
)
from diffhpe_ros.lifting.devices import free_device_memory, is_device_failure, use_threads
from diffhpe_ros.lifting.lifter import Lifter
from diffhpe_ros.lifting.pipeline.presets import Preset
from diffhpe_ros.lifting.result import LiftResult
from diffhpe_ros.lifting.settings import LifterOptions, SamplingConfig
from diffhpe_ros.lifting.streaming.stream import LiftingStream

DEFAULT_MODEL = "diffhpe-wrapper-robust"
"""The model that is lifted with where none is named."""

__all__ = [
    "DEFAULT_MODEL",
    "LiftResult",
    "Lifter",
    "LifterOptions",
    "LiftingStream",
    "ModelConfig",
    "Preset",
    "SamplingConfig",
    "build_model",
    "convert",
    "free_device_memory",
    "is_device_failure",
    "lift_in_batches",
    "load_model",
    "model_sha256",
    "save_model",
    "use_threads",
]
