"""Windows of 2D keypoints → 3D poses: the papers' networks, samplers and checkpoints."""

from typing import TYPE_CHECKING, Any

from diffhpe_ros.lifting.batched import lift_in_batches
from diffhpe_ros.lifting.checkpoints.configuration import ModelConfig
from diffhpe_ros.lifting.checkpoints.stored import model_sha256
from diffhpe_ros.lifting.devices import free_device_memory, is_device_failure
from diffhpe_ros.lifting.lifter import Lifter
from diffhpe_ros.lifting.pipeline.presets import Preset
from diffhpe_ros.lifting.result import LiftResult
from diffhpe_ros.lifting.settings import LifterOptions, SamplingConfig
from diffhpe_ros.lifting.streaming.stream import LiftingStream
from diffhpe_ros.lifting.threads import use_threads
from diffhpe_ros.lifting.torch_needed import require_torch

if TYPE_CHECKING:
    from diffhpe_ros.lifting.checkpoints.building import build_model
    from diffhpe_ros.lifting.checkpoints.model_folders import convert, load_model, save_model

DEFAULT_MODEL = "diffhpe-wrapper-robust"
"""The model that is used if none is named."""

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


def __getattr__(name: str) -> Any:
    """Import what needs torch only at its first use: the native engine works without torch."""
    if name not in ("build_model", "convert", "load_model", "save_model"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    require_torch(f"{name} needs torch")
    from diffhpe_ros.lifting.checkpoints import building, model_folders

    return getattr(building if name == "build_model" else model_folders, name)
