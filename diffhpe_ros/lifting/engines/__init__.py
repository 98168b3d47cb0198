"""Engines: what computes a trained model's networks. All give the training model's poses."""

from pathlib import Path
from typing import overload

import torch

from diffhpe_ros.errors import DiffhpeError, unknown
from diffhpe_ros.lifting.engines.capture import Recorder
from diffhpe_ros.lifting.engines.cuda_graph import CudaGraphRecorder
from diffhpe_ros.lifting.engines.folded.engines import fold
from diffhpe_ros.lifting.engines.native.engines import make_native, why_not_native
from diffhpe_ros.lifting.engines.onnx import open_onnx
from diffhpe_ros.lifting.engines.reference import reference
from diffhpe_ros.lifting.engines.traced import TracedRecorder
from diffhpe_ros.lifting.models.base import DenoisingEngine, PoseEngine
from diffhpe_ros.lifting.models.mixste import MixSTE
from diffhpe_ros.lifting.models.model import Engine, Model
from diffhpe_ros.lifting.pipeline.presets import Preset

__all__ = [
    "ENGINES",
    "KERNELS",
    "DenoisingEngine",
    "Engine",
    "PoseEngine",
    "create_engine",
    "create_recorder",
    "is_traceable",
    "resolve_engine",
    "why_not_captured",
]

ENGINES = ("auto", "reference", "folded", "native", "onnx", "cuda_graph")
KERNELS = ("torch", "triton")


def resolve_engine(name: str, model: Model) -> str:
    """The name, with auto decided: cuda_graph on CUDA, else native where that can be, or folded.

    Raises:
        DiffhpeError: there is none of that name, or it cannot be on the model's device.
    """
    if name not in ENGINES:
        raise unknown("engine", name, ENGINES)
    device = next(model.parameters()).device
    if name == "auto" and device.type == "cuda":
        return "cuda_graph"
    if name == "cuda_graph" and device.type != "cuda":
        raise DiffhpeError(
            f"the cuda_graph engine is for device cuda, not {device}; use auto, native or folded"
        )
    if name not in ("auto", "native"):
        return name
    reason = why_not_native(model)
    if name == "native" and reason is not None:
        raise DiffhpeError(f"no native engine: {reason}; auto or folded is expected")
    return "folded" if reason else "native"


@overload
def create_engine(
    name: str, model: MixSTE, folder: Path | None = ..., kernels: str = ...
) -> PoseEngine: ...
@overload
def create_engine(
    name: str, model: Model, folder: Path | None = ..., kernels: str = ...
) -> Engine: ...
def create_engine(
    name: str, model: Model, folder: Path | None = None, kernels: str = "torch"
) -> Engine:
    """The engine of that name, on the model's device.

    Args:
        name: reference for the training model itself, folded for fewer and larger operations,
            native for the compiled library, onnx for what was exported of the model, cuda_graph
            for folded in a sampler that is recorded (see `create_recorder`), or auto (see
            `resolve_engine`).
        model: trained, in evaluation mode.
        folder: that the model was loaded from, where onnx finds what was exported.
        kernels: torch, or triton for fused ones, which folded and cuda_graph can have.

    Raises:
        DiffhpeError: there is none of that name, or none for this model and device.
    """
    name = resolve_engine(name, model)
    if kernels not in KERNELS:
        raise unknown("kernels", kernels, KERNELS)
    if kernels == "triton":
        return _with_triton(name, model)
    if name == "onnx":
        return _onnx(model, folder)
    if name not in model.engines:
        return reference(model)
    return make_native(model) if name == "native" else fold(model)


def is_traceable(name: str, model: Model) -> bool:
    """Whether the tracer makes the engine of that name faster: a folded one on the CPU."""
    device = next(model.parameters()).device
    return name == "folded" and name in model.engines and device.type == "cpu"


def create_recorder(device: torch.device) -> Recorder:
    """The recorder of samplers on that device."""
    return CudaGraphRecorder(device) if device.type == "cuda" else TracedRecorder()


def why_not_captured(preset: Preset, recorder: Recorder) -> str | None:
    """The reason why a sampler cannot be recorded; None if it can."""
    if preset.start == "previous":
        return "not recorded: start 'previous' begins at another step for each person"
    most = recorder.most_steps
    if most is not None and preset.steps > most:
        return f"not recorded: {preset.steps} steps, and more than {most} are not worth it"
    return None


def _with_triton(name: str, model: Model) -> PoseEngine | DenoisingEngine:
    if name not in ("folded", "cuda_graph") or name not in model.engines:
        raise DiffhpeError(
            "kernels 'triton' are for the engines folded and cuda_graph, and for mixste and"
            f" diffhpe models, not for engine {name!r} of {type(model).__name__}; use torch"
        )
    from diffhpe_ros.lifting.engines.kernels import use_triton  # only where it is asked for

    return use_triton(fold(model))


def _onnx(model: Model, folder: Path | None) -> PoseEngine | DenoisingEngine:
    if "onnx" not in model.engines:
        raise DiffhpeError(
            "the onnx engine does not know diffpose and graformer; use folded or reference"
        )
    device = next(model.parameters()).device
    if device.type != "cpu":
        raise DiffhpeError(
            f"the onnx engine is for device cpu, not {device}: onnxruntime itself takes CUDA"
            " where it has it"
        )
    if folder is None:
        raise DiffhpeError("the onnx engine needs the folder that diffhpe export has made")
    return open_onnx(model, folder)
