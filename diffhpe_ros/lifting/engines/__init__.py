"""Engines: trained models made to run fast or elsewhere. They give the training models' poses."""

from pathlib import Path

from diffhpe_ros.errors import DiffhpeError, unknown
from diffhpe_ros.lifting.diffhpe import DiffHPE
from diffhpe_ros.lifting.diffpose import DiffPose
from diffhpe_ros.lifting.engines.base import DenoisingEngine, PoseEngine
from diffhpe_ros.lifting.engines.folded import fold
from diffhpe_ros.lifting.engines.onnx import OnnxDiffHPE, OnnxMixSTE
from diffhpe_ros.lifting.engines.plain import PlainDiffHPE
from diffhpe_ros.lifting.graformer import GraFormer, ReleasedDiffPose
from diffhpe_ros.lifting.mixste import MixSTE

__all__ = ["ENGINES", "DenoisingEngine", "PoseEngine", "create_engine"]

ENGINES = ("folded", "plain", "onnx")

Unfolded = DiffPose | GraFormer | ReleasedDiffPose
"""Folded runs them as they are, too: their graphs are small, and an encoder gains nothing in a
batch."""


def create_engine(
    name: str, model: MixSTE | DiffHPE | Unfolded, folder: Path | None = None
) -> PoseEngine | DenoisingEngine | Unfolded:
    """The engine of that name, on the model's device.

    Args:
        name: folded, plain for the training model itself, or onnx for what was exported of it.
        model: trained, in evaluation mode.
        folder: that the model was loaded from; where onnx finds its pieces.

    Raises:
        DiffhpeError: there is none of that name, or none for this model and device.
    """
    if name not in ENGINES:
        raise unknown("engine", name, ENGINES)
    if isinstance(model, Unfolded):
        if name == "onnx":
            raise DiffhpeError(
                "the onnx engine does not know diffpose and graformer; use folded or plain"
            )
        return model
    if name == "folded":
        return fold(model)
    if name == "plain":
        return PlainDiffHPE(model) if isinstance(model, DiffHPE) else model
    device = next(model.parameters()).device
    if device.type != "cpu":
        raise DiffhpeError(
            f"the onnx engine is for device cpu, not {device}: onnxruntime itself takes CUDA"
            " where it has it"
        )
    if folder is None:
        raise DiffhpeError("the onnx engine needs the folder that diffhpe export has made")
    return OnnxDiffHPE(folder) if isinstance(model, DiffHPE) else OnnxMixSTE(folder)
