"""Tracking people from frame to frame."""

import numpy as np
import pytest

from diffhpe_ros.detection.types import People
from diffhpe_ros.tracking import PeopleTracker

FRAME_NS = 33_333_333


def person(x, height=200.0, confidence=0.9):
    """Keypoints (17, 2) and confidence (17,) of a person whose left edge is at pixel x."""
    rows = np.linspace(0, 1, 17)
    keypoints = np.stack([x + 0.3 * height * (rows * 3 % 1), 100 + height * rows], -1)
    return keypoints, np.full(17, confidence)


def people(*track_ids, clothes=None):
    if not track_ids:
        return People.empty()
    keypoints, confidence = (
        np.stack(part).astype(np.float32) for part in zip(*track_ids, strict=True)
    )
    unknown = np.full((len(track_ids), 17, 2, 2), np.nan, np.float32)
    colours = None if clothes is None else np.array(clothes, np.float32)
    return People(keypoints, confidence, unknown, clothes=colours)


def follow(tracker, *frames, step=FRAME_NS, start=0):
    return [tracker.update(frame, start + k * step).tolist() for k, frame in enumerate(frames)]


@pytest.fixture
def tracker():
    """A tracker of one person."""
    return PeopleTracker()


@pytest.fixture
def crowd_tracker():
    """A tracker of up to four people."""
    return PeopleTracker(max_people=4)


def test_walking_person_keeps_the_id(tracker):
    frames = [people(person(x)) for x in range(0, 1000, 20)]
    assert follow(tracker, *frames) == [[0]] * 50


def test_tracks_start_with_the_largest_and_surest_person(tracker):
    crowd = people(person(0, height=100), person(300, height=300), person(900, 300, confidence=0.4))
    assert follow(tracker, crowd) == [[-1, 0, -1]]


def test_two_people_who_change_places_in_the_list_keep_who_they_are(tracker):
    left, right = person(100, height=220), person(500)
    assert follow(tracker, people(left, right), people(right, left), people(left, right)) == [
        [0, -1],
        [-1, 0],
        [0, -1],
    ]


def test_missed_detection_does_not_hand_the_id_to_a_bystander(tracker):
    followed, bystander = person(100, height=220), person(800)
    frames = [people(followed, bystander), people(bystander), people(), people(bystander, followed)]
    assert follow(tracker, *frames) == [[0, -1], [-1], [], [-1, 0]]


def test_track_away_for_over_a_second_is_lost_and_the_next_gets_a_new_id(tracker):
    followed, bystander = person(100, height=220), person(800)
    ids = follow(tracker, *[people(followed)] * 40, *[people(bystander)] * 40)
    first_of_next = ids.index([1])
    assert ids[40:first_of_next] == [[-1]] * (first_of_next - 40)
    assert 1.0 < (first_of_next - 39) * FRAME_NS / 1e9 < 1.1
    assert set(map(tuple, ids[first_of_next:])) == {(1,)}


def test_phantom_of_one_frame_soon_makes_room(tracker):
    ids = follow(tracker, people(person(800)), *[people(person(100))] * 8)
    assert ids == [[0]] + [[-1]] * 6 + [[1]] * 2


def test_detector_that_misses_every_second_time_finds_one_person(tracker):
    assert follow(tracker, *[people(person(0)), people()] * 30) == [[0], []] * 30


def test_same_place_after_a_long_gap_is_still_a_new_person(tracker):
    assert follow(tracker, people(person(0)), people(person(0)), step=1_000_000_000) == [[0], [0]]
    assert follow(tracker, people(person(0)), start=2_100_000_001) == [[1]]


def test_clock_that_goes_back_starts_a_new_id(tracker):
    follow(tracker, *[people(person(0))] * 9, start=5_000_000_000)
    assert follow(tracker, people(person(0)), start=1_000_000_000) == [[1]]
    assert tracker.track_ids == {1}


def test_ids_are_not_reused_after_a_reset(tracker):
    follow(tracker, people(person(0)))
    tracker.reset()
    assert follow(tracker, people(person(0))) == [[1]]


def test_person_half_hidden_is_still_the_same(tracker):
    keypoints, confidence = person(100)
    half, half_confidence = keypoints.copy(), confidence.copy()
    half[8:], half_confidence[8:] = np.nan, 0
    frames = [people((keypoints, confidence)), people((half, half_confidence)), people(person(105))]
    assert follow(tracker, *frames) == [[0]] * 3


def test_person_of_whom_only_the_head_is_seen_may_move_as_far_as_before(tracker):
    keypoints, confidence = person(115)
    keypoints[3:], confidence[3:] = np.nan, 0  # 15 px to the side, of a head of 33 px
    assert follow(tracker, people(person(100)), people((keypoints, confidence))) == [[0], [0]]


def test_skeleton_of_unseen_joints_is_nobody(tracker):
    nobody = (np.full((17, 2), np.nan), np.zeros(17))
    assert follow(tracker, people(nobody), people(nobody, person(0))) == [[-1], [-1, 0]]


def test_empty_image_has_no_ids(tracker):
    ids = tracker.update(People.empty(), 0)
    assert ids.shape == (0,)
    assert ids.dtype == np.int64


def test_everybody_gets_an_id_as_long_as_there_is_room(crowd_tracker):
    five = people(*(person(400 * k, height=200 + 10 * k) for k in range(5)))
    assert follow(crowd_tracker, five) == [[-1, 3, 2, 1, 0]]


def test_followed_come_before_larger_new_people(crowd_tracker):
    four = [person(400 * k) for k in range(4)]
    ids = follow(crowd_tracker, people(*four), people(person(1600, height=400), *four))
    assert ids[1] == [-1, 0, 1, 2, 3]


def crossing(seconds, hidden=0.0):
    """Two people who pass each other at 300 px/s in the middle of the time.

    The one behind, who walks to the right and is last in the list, is not detected while nearer
    than `hidden` to the other.
    """
    for passed in np.arange(0, seconds, FRAME_NS / 1e9):
        apart = 300 * (passed - seconds / 2)
        front, behind = person(500 - apart, height=220), person(500 + apart)
        yield people(front) if abs(2 * apart) < hidden else people(front, behind)


@pytest.mark.parametrize("hidden", [0, 60, 120])
def test_people_who_cross_keep_their_ids(crowd_tracker, hidden):
    ids = follow(crowd_tracker, *crossing(2.0, hidden))
    assert set(map(tuple, ids)) == ({(0, 1)} if hidden == 0 else {(0, 1), (0,)})
    assert ids[-1] == [0, 1]


def test_both_may_be_lost_while_they_cross(crowd_tracker):
    frames = [each if len(each) == 2 else people() for each in crossing(2.0, 100)]
    ids = follow(crowd_tracker, *frames)
    assert [] in ids
    assert ids[-1] == [0, 1]


def test_track_hidden_for_half_a_second_keeps_its_id(crowd_tracker):
    walk = [people(person(10 * frame), person(900)) for frame in range(60)]
    walk[20:35] = [people(person(900))] * 15
    ids = follow(crowd_tracker, *walk)
    assert ids[:20] == [[0, 1]] * 20
    assert ids[20:35] == [[1]] * 15
    assert ids[35:] == [[0, 1]] * 25


def test_person_who_enters_elsewhere_gets_a_new_id(crowd_tracker):
    stays, leaves, enters = person(500), person(0), person(1200)
    ids = follow(
        crowd_tracker, *[people(leaves, stays)] * 20, people(stays), *[people(stays, enters)] * 40
    )
    assert ids[0] == [0, 1]
    assert ids[-1] == [1, 2]
    assert crowd_tracker.track_ids == {1, 2}  # and the one who left is forgotten


def test_missed_detection_of_two_side_by_side_moves_no_id(crowd_tracker):
    left, right = person(100), person(180)
    both = people(left, right)
    ids = follow(crowd_tracker, both, both, people(right), both, people(left), both)
    assert ids == [[0, 1], [0, 1], [1], [0, 1], [0], [0, 1]]


def test_of_two_the_larger_is_not_nearer_for_being_larger(crowd_tracker):
    """A large phantom over a fast person: relative to its own size, the phantom is nearer."""
    moved, phantom = person(150), person(130, height=270)
    ids = follow(crowd_tracker, people(person(100)), people(phantom, moved))
    assert ids[1][1] == 0


def test_turn_of_the_camera_exchanges_nobody(crowd_tracker):
    row = [person(60 * k, height=180) for k in range(4)]
    # Each person is now nearer to the neighbour's previous position.
    shifted = [person(60 * k + 32, height=180) for k in range(4)]
    assert follow(crowd_tracker, people(*row), people(*shifted))[1] == [0, 1, 2, 3]


def test_person_detected_twice_has_one_id(crowd_tracker):
    twice = people(person(100, height=210), person(105), person(600))
    assert follow(crowd_tracker, twice, twice) == [[0, -1, 1]] * 2


def test_tracks_are_limited_to_max_people(crowd_tracker):
    rng = np.random.default_rng(0)
    hundred = [person(60 * k, height=rng.uniform(100, 300)) for k in range(100)]
    first, *rest = follow(crowd_tracker, *[people(*hundred)] * 10)
    assert sorted(first)[-5:] == [-1, 0, 1, 2, 3]
    assert rest == [first] * 9


def test_person_may_return_after_a_time_that_is_set():
    tracker = PeopleTracker(forget_s=3.0)
    ids = follow(tracker, *[people(person(0))] * 100, *[people()] * 80, people(person(0)))
    assert ids[-1] == [0]


RED, GREEN = ((45, 55, 35), (30, 0, -25)), ((45, -40, 30), (15, 0, 0))  # CIE Lab of torso and legs
UNSEEN = np.full((2, 3), np.nan)


def walk_out_and_back(returns_in, away_s=5.0):
    """A person in red leaves to the left, and a person comes from the right."""
    seen = [people(person(200 - 5 * k), clothes=[RED]) for k in range(40)]
    away = [people()] * round(away_s * 1e9 / FRAME_NS)
    back = [people(person(600 - 5 * k), clothes=[returns_in]) for k in range(40)]
    return seen + away + back


def test_who_comes_back_in_the_same_clothes_has_the_same_id(crowd_tracker):
    frames = walk_out_and_back(RED)
    follow(crowd_tracker, *frames[:-39])
    (back,) = crowd_tracker.returns
    assert (back.track_id, back.away_s) == (0, pytest.approx(5, abs=0.1))
    assert back.probability > 0.95
    assert str(back).startswith("person 0 after 5.0 s (probability ")
    follow(crowd_tracker, frames[-39], start=(len(frames) - 39) * FRAME_NS)
    assert crowd_tracker.returns == []
    assert follow(PeopleTracker(4), *frames)[-40:] == [[0]] * 40


def test_stranger_in_other_clothes_has_a_new_id_at_once(crowd_tracker):
    frames = walk_out_and_back(GREEN)
    assert follow(crowd_tracker, *frames)[-40:] == [[1]] * 40


def test_nobody_is_known_again_after_a_minute(crowd_tracker):
    frames = walk_out_and_back(RED, away_s=61)
    assert follow(crowd_tracker, *frames)[-40:] == [[1]] * 40


def test_who_left_is_not_known_again_where_that_is_to_be_never():
    tracker = PeopleTracker(4, return_s=0)
    assert follow(tracker, *walk_out_and_back(RED))[-40:] == [[1]] * 40


def test_who_comes_back_and_whose_clothes_are_not_seen_has_a_new_id(crowd_tracker):
    assert follow(crowd_tracker, *walk_out_and_back(UNSEEN))[-40:] == [[1]] * 40


def test_clothes_that_are_seen_late_bring_the_id_back_all_the_same(crowd_tracker):
    frames = walk_out_and_back(RED)
    for k in range(-40, -25):  # behind something for half a second
        frames[k] = people(person(600 - 5 * (40 + k)), clothes=[UNSEEN])
    told, ids = [], []
    for k, frame in enumerate(frames):
        ids.append(crowd_tracker.update(frame, k * FRAME_NS).tolist())
        told += crowd_tracker.exchanges
    assert ids[-26] == [1]
    assert ids[-25:] == [[0]] * 25
    assert told == [(1, 0)]


def test_nobody_is_taken_for_somebody_with_whom_they_were_seen_together(crowd_tracker):
    """The new person's clothes are seen only after the other has left."""
    frames = [people(person(600), clothes=[RED])] * 40
    frames += [people(person(600), person(100), clothes=[RED, UNSEEN])] * 40
    frames += [people(person(100), clothes=[RED])] * 60
    assert follow(crowd_tracker, *frames)[-1] == [1]


def test_of_two_who_left_in_the_same_clothes_it_may_be_either(crowd_tracker):
    both = [people(person(0), person(600), clothes=[RED, RED])] * 40
    back = [people(person(300), clothes=[RED])] * 40
    ids = follow(crowd_tracker, *both, *[people()] * 150, *back)
    assert ids[-1] == [2]


def test_nobody_is_taken_for_who_was_seen_far_away_just_before(crowd_tracker):
    seen = [people(person(0), clothes=[RED])] * 40
    elsewhere = [people(person(1500), clothes=[RED])] * 20  # 7 sizes away
    assert follow(crowd_tracker, *seen, *elsewhere)[-1] == [1]


def test_who_is_hidden_for_long_and_appears_too_far_away_is_known_by_the_clothes(crowd_tracker):
    before = [people(person(100), clothes=[RED])] * 40
    after = [people(person(400), clothes=[RED])] * 2  # farther than motion would lead in 0.8 s
    assert follow(crowd_tracker, *before, *[people()] * 24, *after)[-1] == [0]


def test_two_who_took_each_others_place_while_they_met_exchange_their_ids(crowd_tracker):
    """They meet and turn back, but the tracker assumes that they have crossed."""
    ways = [(100 + 5 * k, 500 - 5 * k) for k in range(78)]
    frames = []
    for k, (left, right) in enumerate(ways):
        met = UNSEEN if 30 < k < 50 else None
        worn = [RED, GREEN] if k < 40 else [GREEN, RED]
        frames.append(
            people(person(left), person(right), clothes=worn if met is None else [met] * 2)
        )
    ids = follow(crowd_tracker, *frames)
    before, after = ids[0], ids[0][::-1]
    exchanged = ids.index(after)
    assert ids == [before] * exchanged + [after] * (78 - exchanged)
    assert 52 <= exchanged <= 58


def test_who_comes_out_of_a_crowd_is_not_taken_for_the_other_who_is_nearer(crowd_tracker):
    """The person in red hides the one in green, and goes back to where green is expected."""
    met = [
        people(person(100 + 5 * k), person(400 - 5 * k), clothes=[RED, GREEN]) for k in range(25)
    ]
    hidden = [people()] * 5
    after = people(person(250), clothes=[RED])
    ids = follow(crowd_tracker, *met, *hidden, after)
    assert ids[24] == [0, 1]
    assert ids[-1] == [0]


def test_who_was_gone_is_not_taken_for_who_is_expected_there(crowd_tracker):
    red = [people(person(100), person(300), clothes=[RED, GREEN])] * 40
    green = [people(person(300), clothes=[GREEN])] * 40  # red's track ends
    hidden = [people()] * 10
    ids = follow(crowd_tracker, *red, *green, *hidden, people(person(300), clothes=[RED]))
    assert ids[79] == [1]
    assert ids[-1] == [0]


def test_exchange_is_told_once(crowd_tracker):
    left, right = person(100), person(400)
    frames = [people(left, right, clothes=[RED, GREEN])] * 40
    frames += [people(left, right, clothes=[GREEN, RED])] * 10
    told = []
    for k, frame in enumerate(frames):
        crowd_tracker.update(frame, k * FRAME_NS)
        told += crowd_tracker.exchanges
    assert [set(pair) for pair in told] == [{0, 1}]
