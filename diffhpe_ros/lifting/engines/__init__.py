"""Engines: what computes a trained model's networks. All give the training model's poses."""

from pathlib import Path
from typing import overload

import torch

from diffhpe_ros.errors import DiffhpeError, unknown
from diffhpe_ros.lifting.checkpoints.configuration import Model
from diffhpe_ros.lifting.engines.capture import Recorder
from diffhpe_ros.lifting.engines.cuda_graph import CudaGraphRecorder
from diffhpe_ros.lifting.engines.folded.engines import FoldedDiffHPE, FoldedMixSTE, fold
from diffhpe_ros.lifting.engines.native.engines import make_native, why_not_native
from diffhpe_ros.lifting.engines.onnx import OnnxDiffHPE, OnnxMixSTE
from diffhpe_ros.lifting.engines.reference import ReferenceDiffHPE
from diffhpe_ros.lifting.engines.traced import MOST_STEPS, TracedRecorder
from diffhpe_ros.lifting.models.base import DenoisingEngine, PoseEngine
from diffhpe_ros.lifting.models.diffhpe import DiffHPE
from diffhpe_ros.lifting.models.diffpose import DiffPose
from diffhpe_ros.lifting.models.graformer import ReleasedDiffPose
from diffhpe_ros.lifting.models.mixste import MixSTE
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

Engine = PoseEngine | DenoisingEngine | DiffPose | ReleasedDiffPose
"""DiffPose models compute their networks themselves."""

Foldable = MixSTE | DiffHPE
"""Models that have engines of their own. Others run as they are in the engines reference, folded
and cuda_graph: their graphs are small, and an encoder gains nothing in a batch."""


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
    if not isinstance(model, Foldable):
        return model
    if name == "native":
        return make_native(model)
    if name in ("folded", "cuda_graph"):
        return fold(model)
    return ReferenceDiffHPE(model) if isinstance(model, DiffHPE) else model


def is_traceable(engine: Engine, device: torch.device) -> bool:
    """Whether the tracer makes an engine faster: a folded one on the CPU."""
    return device.type == "cpu" and isinstance(engine, FoldedMixSTE | FoldedDiffHPE)


def create_recorder(device: torch.device) -> Recorder:
    """The recorder of samplers on that device."""
    return CudaGraphRecorder(device) if device.type == "cuda" else TracedRecorder()


def why_not_captured(preset: Preset, recorder: Recorder) -> str | None:
    """The reason why a sampler cannot be recorded; None if it can."""
    if preset.start == "previous":
        return "not recorded: start 'previous' begins at another step for each person"
    if isinstance(recorder, TracedRecorder) and preset.steps > MOST_STEPS:
        return f"not recorded: {preset.steps} steps, and more than {MOST_STEPS} are not worth it"
    return None


def _with_triton(name: str, model: Model) -> PoseEngine | DenoisingEngine:
    if name not in ("folded", "cuda_graph") or not isinstance(model, Foldable):
        raise DiffhpeError(
            "kernels 'triton' are for the engines folded and cuda_graph, and for mixste and"
            f" diffhpe models, not for engine {name!r} of {type(model).__name__}; use torch"
        )
    from diffhpe_ros.lifting.engines.kernels import use_triton  # only where it is asked for

    return use_triton(fold(model))


def _onnx(model: Model, folder: Path | None) -> PoseEngine | DenoisingEngine:
    if not isinstance(model, Foldable):
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
    return OnnxDiffHPE(folder) if isinstance(model, DiffHPE) else OnnxMixSTE(folder)
