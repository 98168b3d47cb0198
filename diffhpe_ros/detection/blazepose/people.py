"""Follows the regions that people fill through a video."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.detection.background import Background
from diffhpe_ros.detection.blazepose.landmarks import NUM_BODY, Landmarks
from diffhpe_ros.detection.blazepose.letterbox import Letterbox
from diffhpe_ros.detection.blazepose.regions import VIEW_SIZE, Region
from diffhpe_ros.detection.blazepose.search import Search
from diffhpe_ros.pose_distance import SAME_PERSON, pose_distances


class Finder(Protocol):
    """Finds people in an image, as `RegionFinder` does."""

    def find(self, view: Letterbox) -> Sequence[Region]:
        """Regions of the people in a part of an image, best first."""


class LandmarkFinder(Protocol):
    """Finds the joints of a person in a region, as `LandmarkNetwork` does."""

    def run(self, image_bgr: NDArray[np.uint8], region: Region) -> Landmarks:
        """The landmarks of the person in a region of an image (H, W, 3)."""


class PeopleFollower:
    """Carries each person's region from image to image, and looks for new people now and then.

    A search goes on beside all else until the next image, and whom it finds is looked at in that
    one: no image takes longer for it, and nothing depends on how fast it was. Where somebody has
    just been lost or nobody is followed, people are found in the very image that is searched.

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
        self._beside = Background()
        self._searching: Future[Sequence[Region]] | None = None

    def reset(self) -> None:
        """Follow nobody."""
        self._regions = []
        self._search.restart()
        if self._searching is not None:
            self._searching.exception()  # the finder is free again
            self._searching = None

    def state(self) -> dict[str, Any]:
        """What the people of the next images depend on; waits for a search that goes on."""
        found = [] if self._searching is None else self._searching.result()
        return {
            "regions": [region.numbers for region in self._regions],
            "found": [region.numbers for region in found],
            "search": self._search.state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on as another one that gave this `state`."""
        self.reset()
        self._regions = [Region.from_numbers(each) for each in state["regions"]]
        self._searching = Future()
        self._searching.set_result([Region.from_numbers(each) for each in state["found"]])
        self._search.restore(state["search"])

    def update(self, image_bgr: NDArray[np.uint8]) -> list[Landmarks]:
        """The landmarks of everybody in the next image (H, W, 3)."""
        people = distinct(self._look(image_bgr, self._regions[: self.max_people]))
        lost = len(people) < len(self._regions)
        if lost:
            self._search.hurry()
        people += self._new_people(image_bgr, people, self._found_before())
        if len(people) < self.max_people:
            if lost or not people:
                people += self._search_now(image_bgr, people)
            else:
                self._search_beside(image_bgr)
        self._regions = _next_regions(people)
        return people

    def _found_before(self) -> list[Region]:
        """The new ones among the regions that the search in the image before has found."""
        searching, self._searching = self._searching, None
        found = [] if searching is None else searching.result()
        return [region for region in found if not any(map(region.same_as, self._regions))]

    def _search_now(
        self, image_bgr: NDArray[np.uint8], people: Sequence[Landmarks]
    ) -> list[Landmarks]:
        """People besides those who are known, in this image."""
        height, width = image_bgr.shape[:2]
        for part in self._search.next_parts(width, height, nobody=not people):
            found = self._finder.find(Letterbox.of(image_bgr, part, VIEW_SIZE))
            if new := self._new_people(image_bgr, people, found):
                return new
        return []

    def _search_beside(self, image_bgr: NDArray[np.uint8]) -> None:
        """Begin to look for more people, if it is time to."""
        height, width = image_bgr.shape[:2]
        for part in self._search.next_parts(width, height, nobody=False):  # one at most
            # A copy: the image is the caller's, who may draw on it by then.
            view = Letterbox.of(image_bgr, part, VIEW_SIZE)
            self._searching = self._beside.do(partial(self._finder.find, view))

    def _new_people(
        self,
        image_bgr: NDArray[np.uint8],
        people: Sequence[Landmarks],
        found: Iterable[Region],
    ) -> list[Landmarks]:
        """People in found regions, besides those who are known, as far as there is room."""
        known = _next_regions(people)
        new = [region for region in found if not any(map(region.same_as, known))]
        seen = self._look(image_bgr, new[: self.max_people - len(people)])
        return distinct([*people, *seen])[len(people) :] if seen else []

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
