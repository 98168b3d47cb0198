"""Top-down detection: one model finds people's boxes, another finds the joints in each."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.detection.assemble import Joints, to_people
from diffhpe_ros.detection.boxes import overlaps
from diffhpe_ros.detection.onnx.person_models import PersonModel
from diffhpe_ros.detection.types import People, check_counts, check_image, check_options


class PoseModel(Protocol):
    """Finds people's joints in given boxes."""

    layout: str
    """A key of `skeleton.LAYOUTS`."""
    device: str
    """The device that it really runs on."""

    def estimate(self, image_bgr: NDArray[np.uint8], boxes: NDArray[np.float32]) -> list[Joints]:
        """Joints of the people in boxes (P, 4) x0 y0 x1 y1 of an image (H, W, 3)."""


_SAME_BOX = 0.3
"""Intersection over union from which boxes in two images belong to one person."""
_REMEMBERED_IMAGES = 10


@dataclass
class _Followed:
    """A followed person's box."""

    box: NDArray[np.float32]
    """(4,) x0 y0 x1 y1, when last seen."""
    images_unseen: int = 0


class TopDown:
    """Finds people in each image; people of earlier images come first.

    If the person model finds nobody, the result is empty: the pose model never sees the whole
    frame, in which it would always find a skeleton. A box that overlaps a person's box of an
    earlier image belongs to that person. Known people come first, in the order in which they were
    found, then the surest new ones. An unseen person keeps their place for `_REMEMBERED_IMAGES`.

    Args:
        name: the name that `create_detector` knows it by.
        person_model: finds the boxes.
        pose_model: finds the joints in them.
        min_confidence: joints below it count as unseen.
        max_people: only this many people are processed, to bound a frame's time.

    Raises:
        DiffhpeError: an option is out of range.
    """

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
        self.reset()
        self.device = " and ".join(dict.fromkeys((person_model.device, pose_model.device)))

    def reset(self) -> None:
        """Forget the people of earlier images."""
        self._followed: list[_Followed] = []

    def detect(self, image_bgr: NDArray[np.uint8]) -> People:
        """Find the people in an image (H, W, 3).

        Raises:
            DiffhpeError: the image is not (H, W, 3) uint8 or has no pixels, or a model fails.
        """
        check_image(image_bgr)
        boxes, _ = self._person_model.find(image_bgr)
        boxes = self._in_order(boxes)
        if not len(boxes):
            return People.empty()
        persons = self._pose_model.estimate(image_bgr, boxes)
        height, width = image_bgr.shape[:2]
        return to_people(persons, self._pose_model.layout, width, height, self.min_confidence)

    def _in_order(self, boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        """The boxes (N, 4) to process: followed people first, then the surest new ones."""
        left = list(boxes)
        for each in self._followed:
            shares = overlaps(each.box, np.array(left).reshape(-1, 4))
            each.images_unseen += 1
            if left and shares.max() >= _SAME_BOX:
                each.box, each.images_unseen = left.pop(int(shares.argmax())), 0
        in_view = [each for each in self._followed if not each.images_unseen]
        recent = [each for each in self._followed if each.images_unseen <= _REMEMBERED_IMAGES]
        new = [_Followed(box) for box in left[: max(0, self.max_people - len(in_view))]]
        self._followed = recent + new
        chosen = [each.box for each in in_view + new][: self.max_people]
        return np.array(chosen, np.float32).reshape(-1, 4)
