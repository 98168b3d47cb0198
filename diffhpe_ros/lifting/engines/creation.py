"""Engines on torch, and what records samplers that run on them."""

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
    """The engine of that name, on the model's device.

    Args:
        name: reference for the training model itself, folded for fewer and larger operations,
            onnx for what was exported of the model, or cuda_graph for folded in a sampler that is
            recorded (see `create_recorder`).
        model: trained, in evaluation mode.
        config: that the model was built from.
        folder: that the model was loaded from, where onnx finds what was exported.
        kernels: torch, or triton for fused ones, which folded and cuda_graph can have.

    Raises:
        DiffhpeError: there is none for this model and device, or not with these kernels.
    """
    check_kernels(kernels, name, config)
    if name == "onnx":
        return _onnx(model, folder)
    if name == "reference" or name not in model.engines:
        return reference(model)
    engine = fold(config, weights_of(model), next(model.parameters()).device)
    if kernels == "triton":
        from diffhpe_ros.lifting.engines.kernels import use_triton  # only where it is asked for

        return use_triton(engine)
    return engine


def is_traceable(name: str, model: Model) -> bool:
    """Whether the tracer makes the engine of that name faster: a folded one on the CPU."""
    device = next(model.parameters()).device
    return name == "folded" and name in model.engines and device.type == "cpu"


def create_recorder(device: torch.device) -> ProgramRecorder:
    """The recorder of samplers on that device."""
    return CudaGraphRecorder(device) if device.type == "cuda" else TracedRecorder()


def why_not_captured(preset: Preset, recorder: ProgramRecorder) -> str:
    """The reason why a sampler cannot be recorded; empty if it can."""
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
