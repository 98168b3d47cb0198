"""Left and right of a person who walks around a circle: limbs cross, front turns to back."""

import numpy as np
import pytest

from diffhpe_ros.left_right import LeftRight, exchange, exchange_odds, track_orders
from diffhpe_ros.rendering.__main__ import WALK, clip_view

FPS = 30
SECONDS = 6
LEGS, ARMS, WHOLE = exchange(True, False), exchange(False, True), exchange(True, True)


@pytest.fixture(scope="module")
def walk() -> np.ndarray:
    """Keypoints (frames, 17, 2) with a detector's noise: one lap, seen from outside."""
    view = clip_view()
    poses = [WALK.pose(frame / FPS).joints for frame in range(SECONDS * FPS)]
    keypoints = view.camera.project(view.to_optical(np.stack(poses)))
    return keypoints + np.random.default_rng(0).normal(0, 3.0, keypoints.shape)  # 1 % of the height


def confused(keypoints: np.ndarray, order: np.ndarray, frames: slice) -> np.ndarray:
    """The keypoints with another order in some frames."""
    keypoints = keypoints.copy()
    keypoints[frames] = keypoints[frames][:, order]
    return keypoints


def resolve(
    keypoints: np.ndarray, left_right: LeftRight | None = None, start: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """The keypoints as first published, and as corrected later."""
    left_right = left_right or LeftRight()
    first, mended = keypoints.copy(), keypoints.copy()
    for frame, seen in enumerate(keypoints):
        stamp_ns = stamp(start + frame)
        for at_ns, order in left_right.update(stamp_ns, seen).items():
            at = round(at_ns / 1e9 * FPS) - start
            if at >= 0:
                mended[at] = mended[at][order]
        first[frame] = mended[frame]
    return first, mended


def stamp(frame: int) -> int:
    return round(frame / FPS * 1e9)


def wrong(keypoints: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Frames with another order than the truth."""
    different = (keypoints != truth) & np.isfinite(truth)
    return np.flatnonzero(different.any((1, 2)))


def test_nothing_is_exchanged_of_someone_who_turns_round_and_crosses_legs(walk):
    first, mended = resolve(walk)
    assert len(wrong(first, walk)) == len(wrong(mended, walk)) == 0


@pytest.mark.parametrize("start", [40, 80, 130])
def test_confusion_of_the_whole_body_is_undone_from_its_first_frame_on(walk, start):
    first, _ = resolve(confused(walk, WHOLE, slice(start, start + 12)))
    assert len(wrong(first, walk)) == 0


@pytest.mark.parametrize("order", [LEGS, ARMS], ids=["legs", "arms"])
@pytest.mark.parametrize("start", [40, 80, 130])
def test_confusion_of_a_part_is_undone_when_the_limbs_were_apart(walk, order, start):
    _, mended = resolve(confused(walk, order, slice(start, start + 12)))
    assert len(wrong(mended, walk)) == 0


def test_flickering_is_undone(walk):
    first, _ = resolve(confused(walk, WHOLE, slice(60, 90, 2)))
    assert len(wrong(first, walk)) == 0


def test_wrong_beginning_is_mended_within_a_second_in_earlier_frames_too(walk):
    first, mended = resolve(confused(walk, WHOLE, slice(0, 12)))
    assert wrong(first, walk).max() < FPS
    assert len(wrong(mended, walk)) == 0


def test_detector_that_stays_with_another_opinion_is_believed(walk):
    other = walk[:, WHOLE]
    _, mended = resolve(confused(walk, WHOLE, slice(60, None)))
    assert len(wrong(mended[120:], other[120:])) == 0


def test_check_by_a_better_detector_mends_at_once(walk):
    confusion, left_right = confused(walk, WHOLE, slice(0, None)), LeftRight()
    first, _ = resolve(confusion[:20], left_right)
    assert len(wrong(first, walk[:20])) == 20
    left_right.check(stamp(15), walk[15])
    first, _ = resolve(confusion[20:28], left_right, start=20)
    assert len(wrong(first, walk[20:28])) == 0


def test_check_of_a_forgotten_frame_changes_nothing(walk):
    left_right = LeftRight()
    left_right.check(stamp(-100), walk[0][WHOLE])
    first, _ = resolve(walk, left_right)
    assert len(wrong(first, walk)) == 0


def test_after_a_gap_motion_says_nothing(walk):
    left_right = LeftRight()
    resolve(walk[:30], left_right)
    first, _ = resolve(walk[90:120, WHOLE], left_right, start=90)
    assert len(wrong(first, walk[90:120, WHOLE])) == 0


def test_unseen_joints_are_left_as_they_are(walk):
    hidden = confused(walk, WHOLE, slice(50, 60))
    hidden[:, [3, 6, 13]] = np.nan
    truth = walk.copy()
    truth[:, [3, 6]] = np.nan
    truth[:, 13] = np.nan
    truth[50:60, 16], truth[50:60, 13] = np.nan, walk[50:60, 13]
    _, mended = resolve(hidden)
    np.testing.assert_array_equal(mended, truth)
    assert not any(LeftRight().update(stamp(0), np.full((17, 2), np.nan)))


def test_odds_tell_legs_from_arms(walk):
    legs, arms = exchange_odds(walk[0][LEGS], walk[0], sd=5.0)
    assert legs > 2
    assert arms < -2


def test_odds_are_small_where_neither_way_fits(walk):
    far = walk[0] + 300.0
    assert np.abs(exchange_odds(far, walk[0], sd=5.0)).max() < 1
    assert exchange_odds(np.full((17, 2), np.nan), walk[0], sd=5.0) == (0.0, 0.0)


def test_orders_of_a_whole_track_put_it_straight(walk):
    seen = confused(walk, LEGS, slice(40, 60))
    orders = track_orders(np.array([stamp(frame) for frame in range(len(seen))]), seen)
    np.testing.assert_array_equal(np.take_along_axis(seen, orders[..., None].astype(int), 1), walk)
