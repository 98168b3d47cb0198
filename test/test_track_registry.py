"""Active tracks of cameras, and their states."""

import itertools

from diffhpe_ros.track_registry import MAX_CAMERAS, MAX_PEOPLE, TrackRegistry, TrackStates

SECOND = 10**9


def counted(timeout_s: float = 1.0) -> TrackStates[int]:
    """States that count the tracks."""
    return TrackStates(itertools.count().__next__, timeout_s)


def test_tracks_are_removed_after_the_timeout_or_with_their_camera() -> None:
    registry = TrackRegistry(timeout_s=0.5)
    assert registry.update("left", [1, 2], 10 * SECOND) == set()
    assert registry.update("left", [2], 10 * SECOND + SECOND // 4) == set()
    assert registry.update("right", [1], 99 * SECOND) == set()  # another camera, another clock
    assert registry.update("left", [2], 11 * SECOND) == {("left", 1), ("left", 2)}
    assert registry.remove_camera("left") == {("left", 2)}
    assert registry.active() == [("right", 99 * SECOND, [1])]


def test_timeout_can_change() -> None:
    registry = TrackRegistry(timeout_s=0.5)
    registry.update("camera", [1], 0)
    registry.set_timeout(2.0)
    assert registry.update("camera", [], 2 * SECOND) == set()
    assert registry.update("camera", [], 2 * SECOND + 1) == {("camera", 1)}


def test_all_tracks_are_removed_when_the_clock_jumps_back() -> None:
    registry = TrackRegistry(timeout_s=0.5)
    registry.update("left", [1, 2], 10 * SECOND)
    assert registry.update("left", [2], 5 * SECOND) == {("left", 1), ("left", 2)}
    assert registry.active() == [("left", 5 * SECOND, [2])]


def test_tracks_beyond_the_bounds_are_removed() -> None:
    registry = TrackRegistry(timeout_s=1.0)
    for person in range(MAX_PEOPLE):
        registry.update("first", [person], 0)
    assert registry.update("first", [MAX_PEOPLE], 0) == {("first", 0)}
    for camera in range(MAX_CAMERAS - 1):
        assert registry.update(str(camera), [3], 0) == set()
    left = registry.update("last", [3], 0)
    assert left == {("first", person) for person in range(1, MAX_PEOPLE + 1)}


def test_each_track_of_each_camera_has_a_state() -> None:
    states = counted()
    assert states.update("left", [3, 7], 0) == [0, 1]
    assert states.update("right", [3], 0) == [2]
    assert states.update("left", [7, 3], SECOND) == [1, 0]


def test_state_survives_a_short_absence_but_not_a_longer_one() -> None:
    states = counted()
    states.update("camera", [3, 7], 0)
    states.update("camera", [3], SECOND)
    assert states.update("camera", [3, 7], SECOND) == [0, 1]
    states.update("camera", [3], 2 * SECOND)
    states.update("camera", [3], 2 * SECOND + 1)
    assert len(states) == 1
    assert states.update("camera", [3, 7], 2 * SECOND + 2) == [0, 2]


def test_track_seen_after_its_timeout_has_a_new_state() -> None:
    states = counted()
    assert states.update("camera", [3], 0) == [0]
    assert states.update("camera", [3], SECOND + 1) == [1]


def test_states_of_a_removed_camera_are_dropped() -> None:
    states = counted()
    states.update("camera", [3], 0)
    states.remove_camera("camera")
    assert len(states) == 0


def test_states_start_anew_when_the_clock_jumps_back() -> None:
    states = counted()
    states.update("camera", [3, 7], SECOND)
    assert states.update("camera", [3], 0) == [2]
    assert len(states) == 1


def test_memory_is_bounded_for_any_sender() -> None:
    states = counted()
    for person in range(10 * MAX_PEOPLE):
        states.update("camera", [person], 0)
    assert len(states) == MAX_PEOPLE
    for camera in range(2 * MAX_CAMERAS):
        states.update(str(camera), [3], 0)
    assert len(states) == MAX_CAMERAS
