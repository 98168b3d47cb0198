"""Checks of a fast landmark network by a better one, from time to time, in the background."""

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.detection.assemble import Joints, to_people
from diffhpe_ros.detection.background import BackgroundWorker
from diffhpe_ros.detection.blazepose.landmarks import NUM_BODY, LandmarkNetwork, Landmarks
from diffhpe_ros.detection.blazepose.uncertainty import measured_covariance
from diffhpe_ros.detection.blazepose.wide_lens import WideLens
from diffhpe_ros.detection.types import Check

DELAY = 5
"""A check is used this many images after it began, and waited for if necessary. So results depend
on the images alone. At 30 images a second the check has long finished by then."""
_NICENESS = 10


@dataclass(frozen=True, eq=False)
class _Pending:
    image: int
    row: int
    landmarks: Future[Landmarks]


class Checks:
    """Checks one person of every n-th image with another network, taking people in turn.

    Args:
        network: the better network; no other thread may run it.
        every: images from one check to the next, more than `DELAY`.
        threshold: score from which a region holds a person.
    """

    def __init__(self, network: LandmarkNetwork, every: int, threshold: float) -> None:
        self._network = network
        self._every = every
        self._threshold = threshold
        self._background = BackgroundWorker(_NICENESS)
        self._pending: _Pending | None = None
        self._images = 0

    def use_lens(self, lens: WideLens | None) -> None:
        """See `LandmarkNetwork.lens`."""
        self._network.lens = lens

    def reset(self) -> None:
        """Wait until the network is free, then start over with the next image."""
        if self._pending is not None:
            self._pending.landmarks.exception()
        self._pending = None
        self._images = 0

    def update(
        self, image_bgr: NDArray[np.uint8], people: Sequence[Landmarks], may_begin: bool
    ) -> Check | None:
        """The check of an earlier image, if it is due.

        Args:
            image_bgr: the next image (H, W, 3).
            people: the people in it.
            may_begin: whether a check of this image may begin.
        """
        due = self._due(image_bgr.shape[1], image_bgr.shape[0])
        if may_begin and people and self._pending is None and self._images % self._every == 0:
            row = self._images // self._every % len(people)
            self._begin(image_bgr, people[row], row)
        self._images += 1
        return due

    def _begin(self, image_bgr: NDArray[np.uint8], person: Landmarks, row: int) -> None:
        region = person.next_region()
        if region is not None:
            cut_out = self._network.cut(image_bgr, region)
            work = self._background.submit(partial(self._network.read, cut_out))
            self._pending = _Pending(self._images, row, work)

    def _due(self, width: int, height: int) -> Check | None:
        pending = self._pending
        if pending is None or self._images - pending.image < DELAY:
            return None
        self._pending = None
        person = pending.landmarks.result()
        if person.score < self._threshold:
            return None
        people = to_people([body(person)], "blazepose33", width, height, min_confidence=0.0)
        ago = self._images - pending.image
        return Check(ago, pending.row, people.keypoints[0]) if len(people) else None


def body(person: Landmarks) -> Joints:
    """The person's body joints, with measured covariances."""
    points = person.points[:NUM_BODY]
    confidence = (person.visibility * person.presence)[:NUM_BODY]
    size = float(np.ptp(points, axis=0).max())
    covariance = measured_covariance(person.covariance[:NUM_BODY], confidence, size)
    return Joints(points, confidence, covariance, person.world[:NUM_BODY])
