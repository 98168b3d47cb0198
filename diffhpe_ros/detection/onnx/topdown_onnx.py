"""The detector `onnx`: top-down with both models as ONNX files."""

from collections.abc import Sequence
from pathlib import Path

from diffhpe_ros.detection.onnx.movenet import MoveNet
from diffhpe_ros.detection.onnx.person_models import PersonModel
from diffhpe_ros.detection.onnx.simcc import SimCC
from diffhpe_ros.detection.onnx.topdown import PoseModel, TopDown
from diffhpe_ros.detection.types import check_options
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.onnx_session import OnnxModel


def onnx_topdown(
    person_model: str | Path,
    pose_model: str | Path,
    providers: Sequence[str] | None = None,
    threads: int | None = None,
    person_threshold: float = 0.4,
    min_confidence: float = 0.3,
    max_people: int = 8,
    person_kind: str | None = None,
) -> TopDown:
    """Open both models.

    Args:
        person_model: .onnx file of a YOLOX or an RTMDet.
        pose_model: .onnx file of a MoveNet (single pose) or a SimCC model such as RTMPose. The
            kind of each file is derived from its inputs and outputs.
        providers: onnxruntime's execution providers in order of preference. None takes CUDA
            where the installed onnxruntime has it, else the CPU. An unavailable one gives a
            RuntimeWarning, and `device` says what runs.
        threads: CPU threads per operator; None takes all cores.
        person_threshold: score from which a box counts as a person.
        min_confidence: joints below it count as unseen.
        max_people: only this many of the surest people are processed, to bound a frame's time.
        person_kind: `yolox` or `rtmdet` where the outputs are ambiguous (see `PersonModel`).

    Raises:
        DiffhpeError: an option is out of range, onnxruntime is not installed, or a file is
            missing, corrupt or of an unknown kind.
    """
    check_options(threads)
    person = PersonModel(OnnxModel(person_model, providers, threads), person_threshold, person_kind)
    pose = _pose_model(OnnxModel(pose_model, providers, threads))
    return TopDown("onnx", person, pose, min_confidence, max_people)


def _pose_model(model: OnnxModel) -> PoseModel:
    if MoveNet.fits(model):
        return MoveNet(model)
    if SimCC.fits(model):
        return SimCC(model)
    raise DiffhpeError(
        "the pose model is neither a MoveNet (input 1xSxSx3, output 1x1x17x3) nor a SimCC model"
        f" (input Nx3xHxW, outputs simcc_x and simcc_y): {model.describe()}"
    )
