"""ONNX top-down: a person model finds boxes, a pose model finds the joints in each."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.detection.assemble import Joints, to_people
from diffhpe_ros.detection.movenet import MoveNet
from diffhpe_ros.detection.person_models import PersonModel
from diffhpe_ros.detection.simcc import SimCC
from diffhpe_ros.detection.types import People, check_counts, check_image, check_options
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.onnx_session import OnnxModel


class PoseModel(Protocol):
    """Finds the joints of people whose boxes are known."""

    layout: str

    def estimate(self, image_bgr: NDArray[np.uint8], boxes: NDArray[np.float32]) -> list[Joints]:
        """Joints of the people in boxes (P, 4) x0 y0 x1 y1 of an image (H, W, 3)."""


class TopDown:
    """Finds any number of people in each image on its own.

    Where the person model finds nobody there is nobody: the pose model never sees the whole
    frame, in which it would find a skeleton all the same.

    Args:
        person_model: .onnx file of a YOLOX or an RTMDet.
        pose_model: .onnx file of a MoveNet (single pose) or a SimCC model such as RTMPose. What
            each file is, is told from its inputs and outputs.
        providers: onnxruntime's execution providers in the order of preference; None takes CUDA
            where the installed onnxruntime has it, else the CPU. One that is not to be had is
            warned of (RuntimeWarning), and `device` says what runs.
        threads: of one operator on the CPU; None takes all cores.
        person_threshold: score from which a box is a person.
        min_confidence: joints below it are unseen.
        max_people: the surest so many are looked at, to bound the time of a frame.
        person_kind: `yolox` or `rtmdet` where the outputs do not tell (see `PersonModel`).

    Raises:
        DiffhpeError: an option is out of range, onnxruntime is not installed, or a file is
            missing, corrupt or of no known kind.
    """

    name = "onnx"

    def __init__(
        self,
        person_model: str | Path,
        pose_model: str | Path,
        providers: Sequence[str] | None = None,
        threads: int | None = None,
        person_threshold: float = 0.4,
        min_confidence: float = 0.3,
        max_people: int = 8,
        person_kind: str | None = None,
    ) -> None:
        check_options(threads, person_threshold=person_threshold, min_confidence=min_confidence)
        check_counts(max_people=max_people)
        person = OnnxModel(person_model, providers, threads)
        pose = OnnxModel(pose_model, providers, threads)
        self._person_model = PersonModel(person, person_threshold, person_kind)
        self._pose_model = _pose_model(pose)
        self.min_confidence = min_confidence
        self.max_people = max_people
        self.device: str = " and ".join(dict.fromkeys((person.providers[0], pose.providers[0])))

    def reset(self) -> None:
        """Nothing to forget: no frame depends on another."""

    def detect(self, image_bgr: NDArray[np.uint8]) -> People:
        """Find the people in an image (H, W, 3).

        Raises:
            DiffhpeError: the image is not (H, W, 3) uint8 or has no pixels, or a model fails.
        """
        check_image(image_bgr)
        boxes, _ = self._person_model.find(image_bgr)
        persons = self._pose_model.estimate(image_bgr, boxes[: self.max_people])
        height, width = image_bgr.shape[:2]
        return to_people(persons, self._pose_model.layout, width, height, self.min_confidence)


def _pose_model(model: OnnxModel) -> PoseModel:
    if MoveNet.fits(model):
        return MoveNet(model)
    if SimCC.fits(model):
        return SimCC(model)
    raise DiffhpeError(
        "the pose model is neither a MoveNet (input 1xSxSx3, output 1x1x17x3) nor a SimCC model"
        f" (input Nx3xHxW, outputs simcc_x and simcc_y): {model.describe()}"
    )
