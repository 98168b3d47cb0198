"""Tracking of regions, with a fake person detector and a fake landmark network."""

import threading

import numpy as np
import pytest

from diffhpe_ros.detection.blazepose.landmarks import NUM_LANDMARKS, Landmarks
from diffhpe_ros.detection.blazepose.letterbox import Letterbox
from diffhpe_ros.detection.blazepose.motion import COASTING_IMAGES, Motion
from diffhpe_ros.detection.blazepose.people import PeopleFollower
from diffhpe_ros.detection.blazepose.regions import Region

IMAGE = np.zeros((500, 500, 3), np.uint8)  # a square, so it is searched as a whole
SIZE = 250.0


def region_at(x: float) -> Region:
    return Region(np.array([x, 250.0]), SIZE, 0.0)


class Scene:
    """People at some x positions, where both networks see them."""

    def __init__(self, *people: float) -> None:
        self.people = list(people)
        self.searches = 0
        self.looks = 0

    def find(self, view: Letterbox) -> list[Region]:
        self.searches += 1
        return [region_at(x + 10) for x in self.people]  # roughly

    def run(self, image_bgr: np.ndarray, region: Region) -> Landmarks:
        """Landmarks of the person nearest to the region's centre."""
        self.looks += 1
        x = min(self.people, key=lambda x: abs(x - region.centre[0]), default=1e6)
        rows = np.linspace(0, 1, NUM_LANDMARKS)
        points = np.stack([x + 60 * (rows * 7 % 1 - 0.5), 150 + 200 * rows], -1)
        points[33:35] = [x, 250], [x, 150]  # determine the next region
        return Landmarks(
            points=points,
            visibility=np.ones(NUM_LANDMARKS),
            presence=np.ones(NUM_LANDMARKS),
            covariance=np.full((NUM_LANDMARKS, 2, 2), np.nan),
            world=np.zeros((NUM_LANDMARKS, 3)),
            score=1.0 if abs(x - region.centre[0]) < SIZE / 4 else 0.0,
        )


def follower(scene: Scene, max_people: int = 4) -> PeopleFollower:
    return PeopleFollower(scene, scene, max_people, search_every=5, threshold=0.5)


def where(people: list[Landmarks]) -> list[int]:
    return [round(float(person.points[33, 0])) for person in people]


def test_all_people_are_found_and_followed():
    scene = Scene(100, 250, 400)
    follow = follower(scene)
    assert where(follow.update(IMAGE)) == [100, 250, 400]
    for _ in range(4):
        scene.people = [x + 10 for x in scene.people]
        follow.update(IMAGE)
    for _ in range(2):
        assert where(follow.update(IMAGE)) == [140, 290, 440]
    assert scene.searches == 2  # in the first image, and in the background of the sixth
    assert scene.looks == 7 * 3  # the second search found no new person


def test_person_who_comes_later_is_found_in_the_image_after_the_next_search():
    scene = Scene(100)
    follow = follower(scene)
    follow.update(IMAGE)
    scene.people.append(400)
    counts = [len(follow.update(IMAGE)) for _ in range(6)]
    assert counts == [1, 1, 1, 1, 1, 2]


def test_followed_are_kept_where_there_is_no_more_room():
    scene = Scene(400)
    follow = follower(scene, max_people=2)
    follow.update(IMAGE)
    scene.people = [100, 250, 400]  # the best first
    for _ in range(6):
        people = follow.update(IMAGE)
    assert where(people) == [400, 100]
    searches = scene.searches
    for _ in range(10):
        assert where(follow.update(IMAGE)) == [400, 100]
    assert scene.searches == searches  # the limit of people is reached


def test_regions_that_come_to_lie_on_one_person_are_merged_until_there_are_two_again():
    scene = Scene(100, 200)
    follow = follower(scene)
    assert len(follow.update(IMAGE)) == 2
    scene.people = [150]  # one is hidden by the other
    assert where(follow.update(IMAGE)) == [150]
    scene.people = [130, 230]
    assert where(follow.update(IMAGE)) == [130, 230]


def test_who_was_lost_takes_the_place_again_from_who_came_meanwhile():
    scene = Scene(100)
    follow = follower(scene, max_people=1)
    for _ in range(3):
        follow.update(IMAGE)
    scene.people = [450]  # too far away to be the same
    assert where(follow.update(IMAGE)) == [450]
    scene.people = [450, 100]
    assert where(follow.update(IMAGE)) == [100]


def test_place_is_not_kept_for_long():
    scene = Scene(100)
    follow = follower(scene, max_people=1)
    follow.update(IMAGE)
    scene.people = [450]
    for _ in range(COASTING_IMAGES + 1):
        assert where(follow.update(IMAGE)) == [450]
    scene.people = [450, 100]
    assert where(follow.update(IMAGE)) == [450]


def test_who_moves_on_unseen_is_found_where_the_motion_leads():
    scene = Scene(50)
    follow = follower(scene, max_people=1)
    for x in range(60, 150, 10):
        scene.people = [x]
        follow.update(IMAGE)
    scene.people = []
    for _ in range(8):
        follow.update(IMAGE)
    scene.people = [230]
    scene.searches = 0
    assert where(follow.update(IMAGE)) == [230]
    assert scene.searches == 0


def test_quick_motion_is_followed():
    """The person moves so far between images that the previous region does not show them."""
    scene = Scene(100)
    follow = follower(scene, max_people=2)
    for x in (100, 150, 200, 270):
        scene.people = [x]
        assert where(follow.update(IMAGE)) == [x]


def test_lost_person_is_searched_for_in_the_same_image():
    scene = Scene(100, 250)
    follow = follower(scene)
    follow.update(IMAGE)
    scene.people = [100, 450]
    assert where(follow.update(IMAGE)) == [100, 450]


@pytest.mark.parametrize("max_people", [1, 4])
def test_candidates_are_looked_at_up_to_a_limit(max_people):
    scene = Scene(*range(0, 10000, 100))
    follow = follower(scene, max_people)
    for images in range(1, 10):
        assert len(follow.update(IMAGE)) == max_people
        assert scene.looks == images * max_people
    scene.people = [x + 100 * SIZE for x in scene.people]  # a sudden jump
    for _ in range(COASTING_IMAGES + 1):
        scene.looks = 0
        assert len(follow.update(IMAGE)) == max_people
        assert max_people <= scene.looks <= 4 * max_people


def test_after_a_reset_nobody_is_known():
    scene = Scene(100)
    follow = follower(scene)
    follow.update(IMAGE)
    follow.reset()
    scene.people = []
    assert follow.update(IMAGE) == []
    assert scene.looks == 1


class SlowScene(Scene):
    """A background search blocks until the test continues it; the first search's result is kept."""

    def __init__(self, *people: float) -> None:
        super().__init__(*people)
        self.go_on = threading.Event()
        self.seen: np.ndarray | None = None
        self.error: Exception | None = None

    def find(self, view: Letterbox) -> list[Region]:
        if self.searches:  # the first search is before anybody is tracked
            assert self.go_on.wait(60), "an image waits for the search in it"
            self.seen = view.image.copy() if self.seen is None else self.seen
            if self.error is not None:
                raise self.error
        return super().find(view)


def searching(scene: SlowScene, image: np.ndarray = IMAGE) -> PeopleFollower:
    """Tracks one person, and has started a search for others."""
    follow = PeopleFollower(scene, scene, 4, search_every=1, threshold=0.5)
    follow.update(image)
    scene.people.append(400)
    assert where(follow.update(image)) == [100]
    return follow


def test_search_goes_on_beside_its_image_and_counts_in_the_next_however_long_it_takes():
    scene = SlowScene(100)
    follow = searching(scene)
    threading.Timer(0.1, scene.go_on.set).start()
    assert where(follow.update(IMAGE)) == [100, 400]


def test_image_is_the_callers_again_while_the_search_goes_on():
    scene, image = SlowScene(100), IMAGE.copy()
    follow = searching(scene, image)
    image[:] = 255
    scene.go_on.set()
    follow.update(image)
    assert scene.seen is not None and scene.seen.max() == 0


def test_error_of_a_search_is_raised_in_the_next_image():
    scene = SlowScene(100)
    follow = searching(scene)
    scene.error = ValueError("no memory")
    scene.go_on.set()
    with pytest.raises(ValueError, match="no memory"):
        follow.update(IMAGE)
    scene.error = None
    assert where([*follow.update(IMAGE), *follow.update(IMAGE)]) == [100, 100, 400]


def test_reset_drops_a_search_that_goes_on():
    scene = SlowScene(100)
    follow = searching(scene)
    scene.go_on.set()
    follow.reset()
    scene.people = []
    looks = scene.looks
    assert follow.update(IMAGE) == []
    assert scene.looks == looks


def test_searching_thread_ends_with_the_follower():
    before = set(threading.enumerate())
    scene = SlowScene(100)
    follow = searching(scene)
    (thread,) = set(threading.enumerate()) - before
    scene.go_on.set()
    del follow
    thread.join(60)
    assert not thread.is_alive()


def test_who_passes_behind_somebody_is_expected_to_move_on_as_before():
    """While both regions show one person, the hidden track moves on to its expected position."""
    scene = Scene(100, 300)
    follow = follower(scene, max_people=2)
    for x in range(110, 220, 10):
        scene.people = [x, 300]
        follow.update(IMAGE)
    scene.people = [300]  # the other is behind
    for _ in range(9):
        assert where(follow.update(IMAGE)) == [300]
    scene.people, scene.searches = [410, 300], 0
    found = [sorted(where(follow.update(IMAGE))) for _ in range(3)]
    assert [300, 410] in found


def test_where_there_is_no_room_the_large_and_long_followed_stay():
    near, far, new = (
        Motion.of(Region(np.zeros(2), size, 0.0), images)
        for size, images in ((300.0, 40), (100.0, 400), (300.0, 2))
    )
    assert near.priority > far.priority > new.priority


RED, BLUE, WALL = (30, 30, 200), (200, 60, 30), (60, 160, 60)


def striped(*stripes: tuple[int, int, tuple[int, int, int]]) -> np.ndarray:
    """An image of a wall with people in ranges of columns, in BGR colours."""
    image = np.empty_like(IMAGE)
    image[:] = WALL
    for start, end, colour in stripes:
        image[:, start:end] = colour
    return image


class Misled(Scene):
    """The landmark network also sees a person on the wall."""

    wall: tuple[float, ...] = ()

    def run(self, image_bgr: np.ndarray, region: Region) -> Landmarks:
        seen = Scene(*self.people, *self.wall)
        return seen.run(image_bgr, region)


def test_landmarks_that_go_over_to_the_wall_beside_somebody_are_not_followed():
    scene = Misled(100, 180)
    follow = follower(scene)
    image = striped((60, 140, RED), (140, 220, BLUE))
    for _ in range(3):
        assert where(follow.update(image)) == [100, 180]
    scene.people, scene.wall = [180], (125,)
    assert where(follow.update(striped((140, 220, BLUE)))) == [180]


class Front(Scene):
    """The network sees the first person anywhere in the region, if visible."""

    def run(self, image_bgr: np.ndarray, region: Region) -> Landmarks:
        everybody = self.people
        for x in everybody:
            self.people = [x]
            person = super().run(image_bgr, region)
            column, row = np.round(person.points[:33].mean(0)).astype(int)
            painted_over = (image_bgr[row, column] == 128).all()
            if person.score and not painted_over:
                break
        self.people = everybody
        return person


def test_who_is_behind_is_seen_once_who_is_before_is_painted_over():
    scene = Front(200, 400)
    follow = follower(scene)
    for x in range(400, 250, -10):
        scene.people = [200, x]
        people = follow.update(striped((x - 40, x + 40, BLUE), (160, 240, RED)))
        assert where(people) == [200, x]
