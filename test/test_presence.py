"""Who has left, and what each person has of their own."""

import itertools

from diffhpe_ros.track_registry import MAX_CAMERAS, MAX_PEOPLE, TrackRegistry, TrackStates

SECOND = 10**9


def counted(absent_s: float = 1.0) -> TrackStates[int]:
    """Gives whoever comes the next number."""
    return TrackStates(itertools.count().__next__, absent_s)


def test_people_leave_after_a_time_or_when_nobody_is_left() -> None:
    presence = TrackRegistry(absent_s=0.5)
    assert presence.update("left", [1, 2], 10 * SECOND) == set()
    assert presence.update("left", [2], 10 * SECOND + SECOND // 4) == set()
    assert presence.update("right", [1], 99 * SECOND) == set()  # another camera, another clock
    assert presence.update("left", [2], 11 * SECOND) == {("left", 1), ("left", 2)}
    assert presence.remove_camera("left") == {("left", 2)}
    assert presence.active() == [("right", 99 * SECOND, [1])]


def test_how_long_somebody_may_be_absent_can_change() -> None:
    presence = TrackRegistry(absent_s=0.5)
    presence.update("camera", [1], 0)
    presence.allow(2.0)
    assert presence.update("camera", [], 2 * SECOND) == set()
    assert presence.update("camera", [], 2 * SECOND + 1) == {("camera", 1)}


def test_where_a_clock_jumps_back_everybody_has_left() -> None:
    presence = TrackRegistry(absent_s=0.5)
    presence.update("left", [1, 2], 10 * SECOND)
    assert presence.update("left", [2], 5 * SECOND) == {("left", 1), ("left", 2)}
    assert presence.active() == [("left", 5 * SECOND, [2])]


def test_who_is_forgotten_for_want_of_room_has_left() -> None:
    presence = TrackRegistry(absent_s=1.0)
    for person in range(MAX_PEOPLE):
        presence.update("first", [person], 0)
    assert presence.update("first", [MAX_PEOPLE], 0) == {("first", 0)}
    for camera in range(MAX_CAMERAS - 1):
        assert presence.update(str(camera), [3], 0) == set()
    left = presence.update("last", [3], 0)
    assert left == {("first", person) for person in range(1, MAX_PEOPLE + 1)}


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


def test_who_comes_back_too_late_is_a_stranger() -> None:
    people = counted()
    assert people.update("camera", [3], 0) == [0]
    assert people.update("camera", [3], SECOND + 1) == [1]


def test_all_have_left_at_once() -> None:
    people = counted()
    people.update("camera", [3], 0)
    people.remove_camera("camera")
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
