"""Following one person."""

import numpy as np
import pytest

from diffhpe_ros.detection.types import People
from diffhpe_ros.tracking import SinglePersonTracker

FRAME_NS = 33_333_333


def person(x, height=200.0, confidence=0.9):
    """Keypoints (17, 2) and confidence (17,) of somebody whose left edge is at pixel x."""
    rows = np.linspace(0, 1, 17)
    keypoints = np.stack([x + 0.3 * height * (rows * 3 % 1), 100 + height * rows], -1)
    return keypoints, np.full(17, confidence)


def people(*persons):
    if not persons:
        return People.empty()
    keypoints, confidence = (
        np.stack(part).astype(np.float32) for part in zip(*persons, strict=True)
    )
    return People(keypoints, confidence, np.full((len(persons), 17, 2, 2), np.nan, np.float32))


def follow(tracker, *frames, step=FRAME_NS, start=0):
    return [tracker.update(frame, start + k * step).tolist() for k, frame in enumerate(frames)]


@pytest.fixture
def tracker():
    return SinglePersonTracker()


def test_a_walking_person_keeps_the_id(tracker):
    frames = [people(person(x)) for x in range(0, 1000, 20)]
    assert follow(tracker, *frames) == [[0]] * 50


def test_it_starts_with_the_largest_and_surest_person(tracker):
    crowd = people(person(0, height=100), person(300, height=300), person(900, 300, confidence=0.4))
    assert follow(tracker, crowd) == [[-1, 0, -1]]


def test_two_people_who_change_places_in_the_list_keep_who_they_are(tracker):
    left, right = person(100, height=220), person(500)
    assert follow(tracker, people(left, right), people(right, left), people(left, right)) == [
        [0, -1],
        [-1, 0],
        [0, -1],
    ]


def test_a_missed_detection_does_not_hand_the_id_to_a_bystander(tracker):
    followed, bystander = person(100, height=220), person(800)
    frames = [people(followed, bystander), people(bystander), people(), people(bystander, followed)]
    assert follow(tracker, *frames) == [[0, -1], [-1], [], [-1, 0]]


def test_who_is_away_for_longer_than_a_second_is_lost_and_the_next_gets_a_new_id(tracker):
    followed, bystander = person(100, height=220), person(800)
    ids = follow(tracker, people(followed), *[people(bystander)] * 40)
    first_of_next = ids.index([1])
    assert ids[1:first_of_next] == [[-1]] * (first_of_next - 1)
    assert 1.0 < first_of_next * FRAME_NS / 1e9 < 1.1
    assert set(map(tuple, ids[first_of_next:])) == {(1,)}


def test_the_same_place_after_a_long_gap_is_still_a_new_person(tracker):
    assert follow(tracker, people(person(0)), people(person(0)), step=1_000_000_000) == [[0], [0]]
    assert follow(tracker, people(person(0)), start=2_100_000_001) == [[1]]


def test_a_clock_that_goes_back_starts_a_new_id(tracker):
    follow(tracker, people(person(0)), start=5_000_000_000)
    assert follow(tracker, people(person(0)), start=1_000_000_000) == [[1]]


def test_ids_are_not_reused_after_a_reset(tracker):
    follow(tracker, people(person(0)))
    tracker.reset()
    assert follow(tracker, people(person(0))) == [[1]]


def test_a_person_half_hidden_is_still_the_same(tracker):
    keypoints, confidence = person(100)
    half, half_confidence = keypoints.copy(), confidence.copy()
    half[8:], half_confidence[8:] = np.nan, 0
    frames = [people((keypoints, confidence)), people((half, half_confidence)), people(person(105))]
    assert follow(tracker, *frames) == [[0]] * 3


def test_a_person_of_whom_only_the_head_is_seen_may_move_as_far_as_before(tracker):
    keypoints, confidence = person(115)
    keypoints[3:], confidence[3:] = np.nan, 0  # 15 px to the side, of a head of 33 px
    assert follow(tracker, people(person(100)), people((keypoints, confidence))) == [[0], [0]]


def test_a_skeleton_of_unseen_joints_is_nobody(tracker):
    nobody = (np.full((17, 2), np.nan), np.zeros(17))
    assert follow(tracker, people(nobody), people(nobody, person(0))) == [[-1], [-1, 0]]


def test_an_empty_image_has_no_ids(tracker):
    ids = tracker.update(People.empty(), 0)
    assert ids.shape == (0,)
    assert ids.dtype == np.int64
