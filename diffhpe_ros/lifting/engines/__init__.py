"""Engines: trained models made to run fast or elsewhere. They give the training models' poses."""

from pathlib import Path

from diffhpe_ros.errors import DiffhpeError, unknown
from diffhpe_ros.lifting.config import Model
from diffhpe_ros.lifting.diffhpe import DiffHPE
from diffhpe_ros.lifting.diffpose import DiffPose
from diffhpe_ros.lifting.engines.base import DenoisingEngine, PoseEngine
from diffhpe_ros.lifting.engines.folded import fold
from diffhpe_ros.lifting.engines.native.engines import make_native, why_not_native
from diffhpe_ros.lifting.engines.onnx import OnnxDiffHPE, OnnxMixSTE
from diffhpe_ros.lifting.engines.plain import PlainDiffHPE
from diffhpe_ros.lifting.graformer import GraFormer, ReleasedDiffPose

__all__ = ["ENGINES", "DenoisingEngine", "PoseEngine", "create_engine", "settle_engine"]

ENGINES = ("auto", "native", "folded", "plain", "onnx")

Unfolded = DiffPose | GraFormer | ReleasedDiffPose
"""Folded runs them as they are, too: their graphs are small, and an encoder gains nothing in a
batch."""

Engine = PoseEngine | DenoisingEngine | Unfolded


def settle_engine(name: str, model: Model) -> str:
    """The name, with auto decided: native where that can be, else folded.

    Raises:
        DiffhpeError: there is none of that name, or it is native and cannot be.
    """
    if name not in ENGINES:
        raise unknown("engine", name, ENGINES)
    if name not in ("auto", "native"):
        return name
    reason = why_not_native(model)
    if name == "native" and reason is not None:
        raise DiffhpeError(f"no native engine: {reason}; auto or folded is expected")
    return "folded" if reason else "native"


def create_engine(name: str, model: Model, folder: Path | None = None) -> Engine:
    """The engine of that name, on the model's device.

    Args:
        name: native for the compiled library, folded, plain for the training model itself, onnx
            for what was exported of it, or auto (see `settle_engine`).
        model: trained, in evaluation mode.
        folder: that the model was loaded from; where onnx finds its pieces.

    Raises:
        DiffhpeError: there is none of that name, or none for this model and device.
    """
    name = settle_engine(name, model)
    if name == "onnx":
        return _onnx(model, folder)
    if isinstance(model, Unfolded):
        return model
    if name == "native":
        return make_native(model)
    if name == "folded":
        return fold(model)
    return PlainDiffHPE(model) if isinstance(model, DiffHPE) else model


def _onnx(model: Model, folder: Path | None) -> OnnxMixSTE | OnnxDiffHPE:
    if isinstance(model, Unfolded):
        raise DiffhpeError(
            "the onnx engine does not know diffpose and graformer; use folded or plain"
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
