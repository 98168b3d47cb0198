"""Follows the regions that people fill through a video."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.detection.blazepose_landmarks import NUM_BODY, Landmarks
from diffhpe_ros.detection.blazepose_regions import Region
from diffhpe_ros.detection.blazepose_search import Search
from diffhpe_ros.pose_distance import SAME_PERSON, pose_distances


class Finder(Protocol):
    """Finds people in an image, as `RegionFinder` does."""

    def find(self, image_bgr: NDArray[np.uint8], corner: tuple[int, int]) -> Sequence[Region]:
        """Regions of the people in an image, best first."""


class LandmarkFinder(Protocol):
    """Finds the joints of a person in a region, as `LandmarkNetwork` does."""

    def run(self, image_bgr: NDArray[np.uint8], region: Region) -> Landmarks:
        """The landmarks of the person in a region of an image (H, W, 3)."""


class PeopleFollower:
    """Carries each person's region from image to image, and looks for new people now and then.

    The cost of an image is bounded: a search of one part of it (of two while nobody is followed),
    and a look at no more than `max_people` regions and as many new ones as there is room for.
    Whoever is followed comes before new people, and those followed for longest are the first.
    Regions that come to lie on one person are merged. With `max_people` in view there is no
    search.

    Args:
        finder: finds new people.
        network: finds their joints.
        max_people: no more are followed; may change between images.
        search_every: in images, see `Search`.
        threshold: score from which there is a person in a region.
    """

    def __init__(
        self,
        finder: Finder,
        network: LandmarkFinder,
        max_people: int,
        search_every: int,
        threshold: float,
    ) -> None:
        self._finder = finder
        self._network = network
        self.max_people = max_people
        self._threshold = threshold
        self._search = Search(search_every)
        self._regions: list[Region] = []

    def reset(self) -> None:
        """Follow nobody."""
        self._regions = []
        self._search.restart()

    def update(self, image_bgr: NDArray[np.uint8]) -> list[Landmarks]:
        """The landmarks of everybody in the next image (H, W, 3)."""
        people = distinct(self._look(image_bgr, self._regions[: self.max_people]))
        if len(people) < len(self._regions):
            self._search.hurry()
        if len(people) < self.max_people:
            people += self._new_people(image_bgr, people)
        self._regions = _next_regions(people)
        return people

    def _new_people(
        self, image_bgr: NDArray[np.uint8], people: Sequence[Landmarks]
    ) -> list[Landmarks]:
        """People besides those who are known, if it is time to look for them."""
        known = _next_regions(people)
        height, width = image_bgr.shape[:2]
        for part in self._search.next_parts(width, height, nobody=not people):
            cut = image_bgr[part.y : part.y + part.height, part.x : part.x + part.width]
            found = self._finder.find(cut, (part.x, part.y))
            new = [region for region in found if not any(map(region.same_as, known))]
            room = self.max_people - len(people)
            everybody = distinct([*people, *self._look(image_bgr, new[:room])])
            if len(everybody) > len(people):
                return everybody[len(people) :]
        return []

    def _look(self, image_bgr: NDArray[np.uint8], regions: Iterable[Region]) -> list[Landmarks]:
        """The people who are in fact in the regions."""
        seen = (self._network.run(image_bgr, region) for region in regions)
        return [person for person in seen if person.score >= self._threshold]


def distinct(people: Sequence[Landmarks]) -> list[Landmarks]:
    """The people without those who are another one of them, seen twice; the first stays."""
    kept: list[Landmarks] = []
    for person in people:
        others: NDArray[Any] = np.array([each.points[:NUM_BODY] for each in kept])
        points = person.points[None, :NUM_BODY]
        if not kept or pose_distances(points, others).min() >= SAME_PERSON:
            kept.append(person)
    return kept


def _next_regions(people: Iterable[Landmarks]) -> list[Region]:
    """Where to look for the same people in the next image."""
    return [region for person in people if (region := person.next_region()) is not None]
