"""Creates the engines that run on torch, and the recorders of their samplers."""

from pathlib import Path

import torch

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting.checkpoints.configuration import ModelConfig
from diffhpe_ros.lifting.checkpoints.model_folders import weights_of
from diffhpe_ros.lifting.engines.capture import ProgramRecorder
from diffhpe_ros.lifting.engines.choice import check_kernels
from diffhpe_ros.lifting.engines.cuda_graph import CudaGraphRecorder
from diffhpe_ros.lifting.engines.folded.engines import fold
from diffhpe_ros.lifting.engines.onnx import open_onnx
from diffhpe_ros.lifting.engines.reference import reference
from diffhpe_ros.lifting.engines.traced import TracedRecorder
from diffhpe_ros.lifting.models.base import DenoisingEngine, PoseEngine
from diffhpe_ros.lifting.models.model import Engine, Model
from diffhpe_ros.lifting.pipeline.presets import Preset


def create_engine(
    name: str,
    model: Model,
    config: ModelConfig,
    folder: Path | None = None,
    kernels: str = "torch",
) -> Engine:
    """Create the engine with this name, on the model's device.

    Args:
        name: reference is the training model itself; folded has fewer and larger operations; onnx
            runs the exported model; cuda_graph is folded in a recorded sampler (see
            `create_recorder`).
        model: trained, in evaluation mode.
        config: the configuration that the model was built from.
        folder: where the model was loaded from; onnx finds the exported files there.
        kernels: torch, or triton for fused kernels, which folded and cuda_graph can use.

    Raises:
        DiffhpeError: there is no such engine for this model, device and kernels.
    """
    check_kernels(kernels, name, config)
    if name == "onnx":
        return _onnx(model, folder)
    if name == "reference" or name not in model.engines:
        return reference(model)
    engine = fold(config, weights_of(model), next(model.parameters()).device)
    if kernels == "triton":
        from diffhpe_ros.lifting.engines.kernels import use_triton  # only when asked for

        return use_triton(engine)
    return engine


def is_traceable(name: str, model: Model) -> bool:
    """Whether tracing makes the engine with this name faster: folded, on the CPU."""
    device = next(model.parameters()).device
    return name == "folded" and name in model.engines and device.type == "cpu"


def create_recorder(device: torch.device) -> ProgramRecorder:
    """The recorder for samplers on this device."""
    return CudaGraphRecorder(device) if device.type == "cuda" else TracedRecorder()


def why_not_captured(preset: Preset, recorder: ProgramRecorder) -> str:
    """Why a sampler cannot be recorded; empty if it can."""
    if preset.start == "previous":
        return "not captured: start 'previous' begins at a different step for each person"
    most = recorder.most_steps
    if most is not None and preset.steps > most:
        return (
            f"not captured: the sampler has {preset.steps} steps, and capturing pays for at most"
            f" {most}"
        )
    return ""


def _onnx(model: Model, folder: Path | None) -> PoseEngine | DenoisingEngine:
    if "onnx" not in model.engines:
        raise DiffhpeError(
            "the onnx engine does not support diffpose and graformer; use folded or reference"
        )
    device = next(model.parameters()).device
    if device.type != "cpu":
        raise DiffhpeError(
            f"the onnx engine is for device cpu, not {device}: onnxruntime itself uses CUDA where"
            " it is available"
        )
    if folder is None:
        raise DiffhpeError("the onnx engine needs a model folder made by diffhpe export")
    return open_onnx(model, folder)
