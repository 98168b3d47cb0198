"""Follows the regions that people fill through a video."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from math import inf
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.detection.background import Background
from diffhpe_ros.detection.blazepose.appearance import colours_of, without
from diffhpe_ros.detection.blazepose.landmarks import NUM_BODY, Landmarks
from diffhpe_ros.detection.blazepose.letterbox import Letterbox
from diffhpe_ros.detection.blazepose.motion import COASTING_IMAGES, Motion
from diffhpe_ros.detection.blazepose.regions import VIEW_SIZE, Region
from diffhpe_ros.detection.blazepose.search import Search, part_around
from diffhpe_ros.pose_distance import SAME_PERSON, pose_distances

_CROWDED = 0.35
"""In sizes of the region: people so near each other may have each other's landmarks."""
_NEAR = 1.0
"""In sizes of the region: what people wear who are so near each other will tell them apart."""
_CLEAR = 4.0
"""Log odds by which clothes are rather one person's than another's."""


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

    Whoever is not in the region carried over is looked for where their motion leads, in the same
    image and in the next `COASTING_IMAGES`: people turn somersaults, and pass behind others. Who
    is found there takes their place again from somebody followed for a shorter time.

    The cost of an image is bounded: a search of one part of it (of two while nobody is followed),
    and looks at no more than two regions for each of `max_people` and of as many who were lost,
    and at one new one for each. Whoever is followed comes before new people, and the large and
    those followed for longest are the first. Regions that come to lie on one person are merged.
    With `max_people` in view and nobody lost there is no search.

    People side by side are kept apart. Landmarks that are another person's already, or lie on
    other clothes, are not theirs: the second look goes where the motion leads, with those who are
    known in the image painted over. While clothes do not show whose landmarks they are, each is
    expected to move on as before.

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
        self._followed: list[Motion] = []
        self._lost: list[Motion] = []
        self._beside = Background()
        self._searching: Future[Sequence[Region]] | None = None

    def reset(self) -> None:
        """Follow nobody."""
        self._followed, self._lost = [], []
        self._search.restart()
        if self._searching is not None:
            self._searching.exception()  # the finder is free again
            self._searching = None

    def state(self) -> dict[str, Any]:
        """What the people of the next images depend on; waits for a search that goes on."""
        found = [] if self._searching is None else self._searching.result()
        return {
            "followed": [motion.numbers for motion in self._followed],
            "lost": [motion.numbers for motion in self._lost],
            "found": [region.numbers for region in found],
            "search": self._search.state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on as another one that gave this `state`."""
        self.reset()
        self._followed, self._lost = (
            [Motion.from_numbers(each) for each in state[name]] for name in ("followed", "lost")
        )
        self._searching = Future()
        self._searching.set_result([Region.from_numbers(each) for each in state["found"]])
        self._search.restore(state["search"])

    def update(self, image_bgr: NDArray[np.uint8]) -> list[Landmarks]:
        """The landmarks of everybody in the next image (H, W, 3)."""
        found_before = self._found_before()
        people = self._follow(image_bgr)
        just_lost = [motion for motion in self._lost if motion.images_unseen == 1]
        if just_lost:
            height, width = image_bgr.shape[:2]
            region = just_lost[0].region
            self._search.hurry(part_around(region.centre, region.size, width, height))
        people += self._new_people(image_bgr, people, found_before)
        if len(people) < self.max_people or self._lost:
            if just_lost or not people:
                people += self._search_now(image_bgr, people)
            else:
                self._search_beside(image_bgr)
        return self._first_by_priority(people)

    def _first_by_priority(self, people: Sequence[Landmarks]) -> list[Landmarks]:
        """No more people than are to be followed."""
        priorities = [-motion.priority for motion in self._followed]
        chosen = np.argsort(priorities, kind="stable")[: self.max_people]
        self._followed = [self._followed[row] for row in chosen]
        return [people[row] for row in chosen]

    def _follow(self, image_bgr: NDArray[np.uint8]) -> list[Landmarks]:
        """Those who were known before and are in this image."""
        people: list[Landmarks] = []
        known = sorted([*self._followed, *self._lost], key=lambda each: -each.priority)
        self._followed, self._lost = [], []
        for motion in known:
            if len(people) == self.max_people:
                break
            nearest = min((motion.apart(each) for each in known if each is not motion), default=inf)
            crowd = nearest < _CROWDED
            find = self._find_in_a_crowd if crowd else self._find
            person, region = find(image_bgr, motion, people), None
            if person is not None:
                region = person.next_region()
            if person is None or region is None:
                if motion.images_unseen < COASTING_IMAGES and len(self._lost) < self.max_people:
                    self._lost.append(motion.unseen())
                continue
            odds = 0.0
            if nearest < _NEAR:
                colours = colours_of(person, people if crowd else [], image_bgr)
                odds = motion.odds_of(colours)
                motion.clothes.add(colours)
            people.append(person)
            self._followed.append(motion.to(region, crowd and odds <= 0))
        return people

    def _find(
        self, image_bgr: NDArray[np.uint8], motion: Motion, people: Sequence[Landmarks]
    ) -> Landmarks | None:
        """Somebody where they were in the image before, or else where their motion leads."""
        person = self._look(image_bgr, motion.region)
        if person is None and not motion.is_still():
            person = self._look(image_bgr, motion.expected())
        return None if person is None or _is_one_of(person, people) else person

    def _find_in_a_crowd(
        self, image_bgr: NDArray[np.uint8], motion: Motion, people: Sequence[Landmarks]
    ) -> Landmarks | None:
        """The same beside others, some of whom are known in this image, with these clothes.

        Where the network sees somebody else at first, those known are painted over.
        """
        person = self._look(image_bgr, motion.region)
        if (
            person is not None
            and not _is_one_of(person, people)
            and motion.odds_of(colours_of(person, people, image_bgr)) >= 0
        ):
            return person
        if not people and motion.is_still():
            return None
        person = self._look(without(image_bgr, people), motion.expected())
        if person is None or _is_one_of(person, people):
            return None
        # What was painted looks like a person: only clothes unlike theirs show that there is one.
        colours = colours_of(person, people, image_bgr)
        theirs = max((other.odds_of(colours) for other in self._followed), default=-inf)
        return person if motion.odds_of(colours) > max(theirs + _CLEAR, 0) else None

    def _found_before(self) -> list[Region]:
        """The new ones among the regions that the search in the image before has found."""
        searching, self._searching = self._searching, None
        found = [] if searching is None else searching.result()
        known = [motion.region for motion in self._followed]
        return [region for region in found if not any(map(region.same_as, known))]

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
        """People in found regions, besides those who are known, as far as there is room.

        There always is for somebody where a person was lost.
        """
        known = [motion.region for motion in self._followed]
        regions = [region for region in found if not any(map(region.same_as, known))]
        new: list[Landmarks] = []
        room = self.max_people - len(people)
        for region in regions[: room + len(self._lost)]:
            lost = [each for each in self._lost if each.may_lead_to(region)]
            if not lost and len(new) >= room:
                continue
            person = self._look(image_bgr, region)
            following = None if person is None else person.next_region()
            if person is None or following is None or _is_one_of(person, [*people, *new]):
                continue
            before = self._which(lost, colours_of(person, people, image_bgr)) if lost else None
            if before is None and len(new) >= room:
                continue
            new.append(person)
            motion = Motion.of(following)
            if before is not None:
                self._lost.remove(before)
                motion = replace(motion, images_seen=before.images_seen, clothes=before.clothes)
            self._followed.append(motion)
        return new

    def _which(self, lost: Sequence[Motion], colours: NDArray[Any]) -> Motion | None:
        """Who of the lost it is by these clothes (2, 3), if it is not somebody near them."""
        odds, best = max(((each.odds_of(colours), each) for each in lost), key=lambda each: each[0])
        others = [each for each in [*self._followed, *self._lost] if each is not best]
        mixed_up = odds < 0 and any(best.apart(each) < _NEAR for each in others)
        return None if mixed_up else best

    def _look(self, image_bgr: NDArray[np.uint8], region: Region) -> Landmarks | None:
        """The person in a region, if there is one."""
        person = self._network.run(image_bgr, region)
        return person if person.score >= self._threshold else None


def _is_one_of(person: Landmarks, people: Sequence[Landmarks]) -> bool:
    """Whether a person is one of the people, seen twice."""
    if not people:
        return False
    others: NDArray[Any] = np.array([each.points[:NUM_BODY] for each in people])
    return bool(pose_distances(person.points[None, :NUM_BODY], others).min() < SAME_PERSON)
