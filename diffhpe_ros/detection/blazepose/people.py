"""Follows people's image regions through a video."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from math import inf
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.detection.background import BackgroundWorker
from diffhpe_ros.detection.blazepose.appearance import colours_of, paint_over
from diffhpe_ros.detection.blazepose.landmarks import NUM_BODY, Landmarks
from diffhpe_ros.detection.blazepose.letterbox import Letterbox
from diffhpe_ros.detection.blazepose.motion import COASTING_IMAGES, Motion
from diffhpe_ros.detection.blazepose.regions import VIEW_SIZE, Region
from diffhpe_ros.detection.blazepose.search import Search, part_around
from diffhpe_ros.pose_distance import SAME_PERSON, pose_distances

_CROWDED = 0.35
"""In sizes of the region: people this near may get each other's landmarks."""
_NEAR = 1.0
"""In sizes of the region: the clothes of people this near are remembered, to tell them apart."""
_CLEAR = 4.0
"""Log odds from which clothes clearly belong to one person rather than to another."""


class Finder(Protocol):
    """Finds people in an image, as `RegionFinder` does."""

    def find(self, view: Letterbox) -> Sequence[Region]:
        """Regions of the people in a part of an image, best first."""


class LandmarkFinder(Protocol):
    """Finds the joints of a person in a region, as `LandmarkNetwork` does."""

    def run(self, image_bgr: NDArray[np.uint8], region: Region) -> Landmarks:
        """The landmarks of the person in a region of an image (H, W, 3)."""


class PeopleFollower:
    """Carries each person's region from image to image, and looks for new people regularly.

    A search runs in the background until the next image, and the regions that it finds are
    examined in that one. So no image takes longer for it, and results do not depend on its speed.
    If a person has just been lost, or nobody is followed, the search runs at once, and people are
    found in the very image that is searched.

    A person who is not in the region carried over is looked for where their motion leads, in the
    same image and in the next `COASTING_IMAGES`: people turn somersaults, and pass behind others.
    A person found again takes precedence over one followed for a shorter time.

    The cost of an image is bounded. One part of it is searched (two while nobody is followed). At
    most two regions are examined for each of `max_people` and for each of as many lost people,
    and one new region for each. Followed people come before new ones; large people and those
    followed for longest come first. Regions that come to lie on one person are merged. With
    `max_people` in view and nobody lost there is no search.

    People side by side are kept apart. Landmarks that already belong to another person, or lie on
    other clothes, are rejected. The second look then goes where the motion leads, with the people
    already known in the image painted over. While clothes do not show whose landmarks they are,
    each person is expected to move on as before.

    Args:
        finder: finds new people.
        network: finds their joints.
        max_people: largest number of people followed; may change between images.
        search_every: in images, see `Search`.
        threshold: score from which a region holds a person.
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
        self._background = BackgroundWorker()
        self._searching: Future[Sequence[Region]] | None = None

    def reset(self) -> None:
        """Forget all people."""
        self._followed, self._lost = [], []
        self._search.restart()
        if self._searching is not None:
            self._searching.exception()  # waits until the finder is free
            self._searching = None

    def state(self) -> dict[str, Any]:
        """All state that the next results depend on; waits for a running search."""
        found = [] if self._searching is None else self._searching.result()
        return {
            "followed": [motion.numbers for motion in self._followed],
            "lost": [motion.numbers for motion in self._lost],
            "found": [region.numbers for region in found],
            "search": self._search.state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from a `state` of another follower."""
        self.reset()
        self._followed, self._lost = (
            [Motion.from_numbers(each) for each in state[name]] for name in ("followed", "lost")
        )
        self._searching = Future()
        self._searching.set_result([Region.from_numbers(each) for each in state["found"]])
        self._search.restore(state["search"])

    def update(self, image_bgr: NDArray[np.uint8]) -> list[Landmarks]:
        """The landmarks of all people in the next image (H, W, 3)."""
        found_before = self._found_before()
        people = self._follow(image_bgr)
        just_lost = [motion for motion in self._lost if motion.images_unseen == 1]
        if just_lost:
            height, width = image_bgr.shape[:2]
            region = just_lost[0].region
            self._search.search_every_image(part_around(region.centre, region.size, width, height))
        people += self._new_people(image_bgr, people, found_before)
        if len(people) < self.max_people or self._lost:
            if just_lost or not people:
                people += self._search_now(image_bgr, people)
            else:
                self._start_background_search(image_bgr)
        return self._first_by_priority(people)

    def _first_by_priority(self, people: Sequence[Landmarks]) -> list[Landmarks]:
        """The `max_people` of highest priority; the others are dropped."""
        priorities = [-motion.priority for motion in self._followed]
        chosen = np.argsort(priorities, kind="stable")[: self.max_people]
        self._followed = [self._followed[row] for row in chosen]
        return [people[row] for row in chosen]

    def _follow(self, image_bgr: NDArray[np.uint8]) -> list[Landmarks]:
        """People known from before who are in this image."""
        people: list[Landmarks] = []
        known = sorted([*self._followed, *self._lost], key=lambda each: -each.priority)
        self._followed, self._lost = [], []
        for motion in known:
            if len(people) == self.max_people:
                break
            nearest = min(
                (motion.distance(each) for each in known if each is not motion), default=inf
            )
            crowd = nearest < _CROWDED
            find = self._find_in_a_crowd if crowd else self._find
            person, region = find(image_bgr, motion, people), None
            if person is not None:
                region = person.next_region()
            if person is None or region is None:
                if motion.images_unseen < COASTING_IMAGES and len(self._lost) < self.max_people:
                    self._lost.append(motion.coasted())
                continue
            odds = 0.0
            if nearest < _NEAR:
                colours = colours_of(person, people if crowd else [], image_bgr)
                odds = motion.odds_of(colours)
                motion.clothes.add(colours)
            people.append(person)
            self._followed.append(motion.updated(region, crowd and odds <= 0))
        return people

    def _find(
        self, image_bgr: NDArray[np.uint8], motion: Motion, people: Sequence[Landmarks]
    ) -> Landmarks | None:
        """A person where they were in the last image, or else where their motion leads."""
        person = self._run_landmarks(image_bgr, motion.region)
        if person is None and not motion.is_still():
            person = self._run_landmarks(image_bgr, motion.expected())
        return None if person is None or _is_one_of(person, people) else person

    def _find_in_a_crowd(
        self, image_bgr: NDArray[np.uint8], motion: Motion, people: Sequence[Landmarks]
    ) -> Landmarks | None:
        """Like `_find`, but next to others, whose clothes must not match better.

        If the network first sees another person, the people already known are painted over.
        """
        person = self._run_landmarks(image_bgr, motion.region)
        if (
            person is not None
            and not _is_one_of(person, people)
            and motion.odds_of(colours_of(person, people, image_bgr)) >= 0
        ):
            return person
        if not people and motion.is_still():
            return None
        person = self._run_landmarks(paint_over(image_bgr, people), motion.expected())
        if person is None or _is_one_of(person, people):
            return None
        # The painted shape looks like a person: only clothes unlike theirs show a real one.
        colours = colours_of(person, people, image_bgr)
        theirs = max((other.odds_of(colours) for other in self._followed), default=-inf)
        return person if motion.odds_of(colours) > max(theirs + _CLEAR, 0) else None

    def _found_before(self) -> list[Region]:
        """New regions among those that the search in the last image found."""
        searching, self._searching = self._searching, None
        found = [] if searching is None else searching.result()
        known = [motion.region for motion in self._followed]
        return [region for region in found if not any(map(region.same_as, known))]

    def _search_now(
        self, image_bgr: NDArray[np.uint8], people: Sequence[Landmarks]
    ) -> list[Landmarks]:
        """New people in this image, by a search that the caller waits for."""
        height, width = image_bgr.shape[:2]
        for part in self._search.next_parts(width, height, none_followed=not people):
            found = self._finder.find(Letterbox.of(image_bgr, part, VIEW_SIZE))
            if new := self._new_people(image_bgr, people, found):
                return new
        return []

    def _start_background_search(self, image_bgr: NDArray[np.uint8]) -> None:
        """Start a search in the background, if one is due."""
        height, width = image_bgr.shape[:2]
        for part in self._search.next_parts(width, height, none_followed=False):  # one at most
            # A copy: the caller may have drawn on the image before the search reads it.
            view = Letterbox.of(image_bgr, part, VIEW_SIZE)
            self._searching = self._background.submit(partial(self._finder.find, view))

    def _new_people(
        self,
        image_bgr: NDArray[np.uint8],
        people: Sequence[Landmarks],
        found: Iterable[Region],
    ) -> list[Landmarks]:
        """New people in found regions, up to `max_people`.

        A lost person who is found again is always taken.
        """
        known = [motion.region for motion in self._followed]
        regions = [region for region in found if not any(map(region.same_as, known))]
        new: list[Landmarks] = []
        room = self.max_people - len(people)
        for region in regions[: room + len(self._lost)]:
            lost = [each for each in self._lost if each.may_lead_to(region)]
            if not lost and len(new) >= room:
                continue
            person = self._run_landmarks(image_bgr, region)
            following = None if person is None else person.next_region()
            if person is None or following is None or _is_one_of(person, [*people, *new]):
                continue
            before = self._match_lost(lost, colours_of(person, people, image_bgr)) if lost else None
            if before is None and len(new) >= room:
                continue
            new.append(person)
            motion = Motion.of(following)
            if before is not None:
                self._lost.remove(before)
                motion = replace(motion, images_seen=before.images_seen, clothes=before.clothes)
            self._followed.append(motion)
        return new

    def _match_lost(self, lost: Sequence[Motion], colours: NDArray[Any]) -> Motion | None:
        """Which lost person wears these clothes (2, 3); None if it may be a neighbour."""
        odds, best = max(((each.odds_of(colours), each) for each in lost), key=lambda each: each[0])
        others = [each for each in [*self._followed, *self._lost] if each is not best]
        mixed_up = odds < 0 and any(best.distance(each) < _NEAR for each in others)
        return None if mixed_up else best

    def _run_landmarks(self, image_bgr: NDArray[np.uint8], region: Region) -> Landmarks | None:
        """Run the landmark network on a region; None if it holds no person."""
        person = self._network.run(image_bgr, region)
        return person if person.score >= self._threshold else None


def _is_one_of(person: Landmarks, people: Sequence[Landmarks]) -> bool:
    """Whether a person is already among the people."""
    if not people:
        return False
    others: NDArray[Any] = np.array([each.points[:NUM_BODY] for each in people])
    return bool(pose_distances(person.points[None, :NUM_BODY], others).min() < SAME_PERSON)
