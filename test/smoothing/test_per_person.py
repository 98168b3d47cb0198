"""What each person has of their own."""

import itertools

from diffhpe_ros.smoothing import PerPerson
from diffhpe_ros.smoothing.per_person import MAX_CAMERAS, MAX_PEOPLE

SECOND = 10**9


def counted(forget_s: float = 1.0) -> PerPerson[int]:
    """Gives whoever comes the next number."""
    return PerPerson(itertools.count().__next__, forget_s)


def test_each_person_of_each_camera_has_one() -> None:
    people = counted()
    assert people.update("left", [3, 7], 0) == [0, 1]
    assert people.update("right", [3], 0) == [2]
    assert people.update("left", [7, 3], SECOND) == [1, 0]


def test_who_left_is_forgotten_and_who_was_hidden_for_a_moment_is_not() -> None:
    people = counted()
    people.update("camera", [3, 7], 0)
    people.update("camera", [3], SECOND)
    assert people.update("camera", [3, 7], SECOND) == [0, 1]
    people.update("camera", [3], 2 * SECOND)
    people.update("camera", [3], 2 * SECOND + 1)
    assert len(people) == 1
    assert people.update("camera", [3, 7], 2 * SECOND + 2) == [0, 2]


def test_all_have_left_at_once() -> None:
    people = counted()
    people.update("camera", [3], 0)
    assert people.update("camera", [], 1) == []
    assert len(people) == 0


def test_a_clock_that_jumps_back_begins_anew() -> None:
    people = counted()
    people.update("camera", [3, 7], SECOND)
    assert people.update("camera", [3], 0) == [2]
    assert len(people) == 1


def test_memory_is_bounded_whoever_sends() -> None:
    people = counted()
    for person in range(10 * MAX_PEOPLE):
        people.update("camera", [person], 0)
    assert len(people) == MAX_PEOPLE
    for camera in range(2 * MAX_CAMERAS):
        people.update(str(camera), [3], 0)
    assert len(people) == MAX_CAMERAS
