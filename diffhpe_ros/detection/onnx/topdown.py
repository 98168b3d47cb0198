"""Top-down detection: one model finds people's boxes, another finds the joints in each."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.detection.assemble import Joints, to_people
from diffhpe_ros.detection.onnx.person_models import PersonModel
from diffhpe_ros.detection.types import People, check_counts, check_image, check_options


class PoseModel(Protocol):
    """Finds the joints of people whose boxes are known."""

    layout: str
    """A key of `skeleton.LAYOUTS`."""
    device: str
    """What it really runs on."""

    def estimate(self, image_bgr: NDArray[np.uint8], boxes: NDArray[np.float32]) -> list[Joints]:
        """Joints of the people in boxes (P, 4) x0 y0 x1 y1 of an image (H, W, 3)."""


class TopDown:
    """Finds any number of people in each image on its own.

    Where the person model finds nobody there is nobody: the pose model never sees the whole
    frame, in which it would find a skeleton all the same.

    Args:
        name: that `create_detector` knows it by.
        person_model: finds boxes.
        pose_model: finds the joints in them.
        min_confidence: joints below it are unseen.
        max_people: the surest so many are looked at, to bound the time of a frame.

    Raises:
        DiffhpeError: an option is out of range.
    """

    follows_people = False

    def __init__(
        self,
        name: str,
        person_model: PersonModel,
        pose_model: PoseModel,
        min_confidence: float,
        max_people: int,
    ) -> None:
        check_options(min_confidence=min_confidence)
        check_counts(max_people=max_people)
        self._person_model = person_model
        self._pose_model = pose_model
        self.name = name
        self.min_confidence = min_confidence
        self.max_people = max_people
        self.device = " and ".join(dict.fromkeys((person_model.device, pose_model.device)))

    def reset(self) -> None:
        """Nothing to forget: no frame depends on another."""

    def detect(self, image_bgr: NDArray[np.uint8]) -> People:
        """Find the people in an image (H, W, 3).

        Raises:
            DiffhpeError: the image is not (H, W, 3) uint8 or has no pixels, or a model fails.
        """
        check_image(image_bgr)
        boxes, _ = self._person_model.find(image_bgr)
        if not len(boxes):
            return People.empty()
        persons = self._pose_model.estimate(image_bgr, boxes[: self.max_people])
        height, width = image_bgr.shape[:2]
        return to_people(persons, self._pose_model.layout, width, height, self.min_confidence)
