"""A person's distance over time."""

import numpy as np
import pytest

from diffhpe_ros.placement import DistanceFilter

FRAME_NS = 33_333_333
VARIANCE = 0.15**2


def follow(distances: np.ndarray) -> np.ndarray:
    person = DistanceFilter()
    return np.array(
        [person(k * FRAME_NS, float(each), VARIANCE) for k, each in enumerate(distances)]
    )


def test_filtered_distance_is_steadier_than_its_input() -> None:
    noisy = 4 + np.random.default_rng(0).normal(0, 0.1, 200)
    steady = follow(noisy)
    assert steady[0] == noisy[0]
    assert np.abs(np.diff(steady, 2)).mean() < 0.2 * np.abs(np.diff(noisy, 2)).mean()
    assert np.abs(steady[50:] - 4).max() < 0.15


def test_filtered_distance_keeps_up_with_a_walking_person() -> None:
    walked = 3 + 1.5 * np.arange(90) / 30
    np.testing.assert_allclose(follow(walked)[30:], walked[30:], atol=0.05)


def test_outliers_move_the_distance_little() -> None:
    distances = np.full(60, 7.0)
    distances[40:44] = 2.0
    assert np.abs(follow(distances) - 7).max() < 0.6


def test_new_distance_that_lasts_is_taken() -> None:
    distances = np.where(np.arange(120) < 40, 7.0, 5.0)
    assert follow(distances)[-1] == pytest.approx(5.0, abs=0.1)


def test_unknown_distances_change_nothing() -> None:
    person = DistanceFilter()
    person(0, 4.0, VARIANCE)
    assert np.isnan(person(FRAME_NS, np.nan, np.nan))
    assert person(2 * FRAME_NS, 4.0, VARIANCE) == pytest.approx(4.0)


def test_clock_that_jumps_back_restarts_the_filter() -> None:
    person = DistanceFilter()
    person(10 * FRAME_NS, 4.0, VARIANCE)
    assert person(0, 9.0, VARIANCE) == 9.0
