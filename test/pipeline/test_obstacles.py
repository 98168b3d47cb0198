"""People as obstacles, and their distance."""

from dataclasses import replace

import numpy as np
import pytest
from standing import people_at, standing_at

from diffhpe_ros.pipeline.nearest import Target, nearest
from diffhpe_ros.pipeline.obstacles import obstacles
from diffhpe_ros.pipeline.options import ObstacleOptions
from diffhpe_ros.pipeline.people import LiftedPeople

EXACT = ObstacleOptions(sigma=0.0, spacing=0.05)


@pytest.fixture
def people() -> LiftedPeople:
    """Person 3 stands 4 m away; the position of person 7 is not known."""
    joints = np.stack([standing_at(0, 0, 4), np.full((17, 3), np.nan)]).astype(np.float32)
    return people_at(joints, (3, 7))


def at(x: float, y: float, z: float) -> Target:
    return Target(np.array([x, y, z], float), np.zeros(3))


def unsure(people: LiftedPeople, sd: float) -> LiftedPeople:
    """The Hip, and with it the whole person, may be nearer or farther."""
    covariance = people.covariance.copy()
    covariance[:, 0, 2, 2] = sd**2
    return replace(people, covariance=covariance)


def test_obstacles_enclose_the_people_whose_place_is_known(people: LiftedPeople) -> None:
    found = obstacles(people, EXACT)
    assert set(found.track_ids.tolist()) == {3}
    joints = people.joints[0]
    assert (found.points.max(0) > joints.max(0)).all()
    assert (found.points.min(0) < joints.min(0)).all()
    assert np.ptp(found.points, axis=0) == pytest.approx([0.6, 1.9, 0.4], abs=0.1)


def test_obstacles_are_inflated_where_the_position_is_unsure(people: LiftedPeople) -> None:
    exact, inflated = (
        np.ptp(obstacles(unsure(people, 0.1), ObstacleOptions(sigma, 0.0, 0.05)).points, axis=0)
        for sigma in (0.0, 3.0)
    )
    np.testing.assert_allclose(inflated - exact, [0, 0, 0.6], atol=0.05)


def test_obstacles_reach_to_where_people_will_be(people: LiftedPeople) -> None:
    walking = replace(people, velocity=people.velocity + np.array([1.2, 0, 0], np.float32))
    now = obstacles(walking, EXACT).points
    swept = obstacles(walking, replace(EXACT, horizon_s=1.0)).points
    assert swept[:, 0].min() == pytest.approx(now[:, 0].min(), abs=0.01)
    assert swept[:, 0].max() == pytest.approx(now[:, 0].max() + 1.2, abs=0.01)
    places = np.sort(swept[np.abs(swept[:, 1]) < 0.3, 0])
    assert np.diff(places).max() < 0.1  # no gap on the way


def test_without_people_there_are_no_obstacles(people: LiftedPeople) -> None:
    found = obstacles(LiftedPeople.empty("camera", 0), EXACT)
    assert (found.points.shape, found.track_ids.shape) == ((0, 3), (0,))


def test_nearest_is_given_for_each_target(people: LiftedPeople) -> None:
    at_hand = at(*people.joints[0, 16])
    found = nearest(people, {0: at(0, 0, 0), 1: at(0, -3, 4), 4: at_hand})
    assert [(each.track_id, each.target) for each in found] == [(3, 0), (3, 1), (3, 4)]
    camera, head, hand = (each.closest for each in found)
    assert camera.distance == pytest.approx(3.83, abs=0.02)
    assert head.distance == pytest.approx(3.0 - 0.68 - 0.18, abs=0.02)
    assert hand.distance == 0


def test_lower_bound_of_a_distance_is_below_it_by_its_uncertainty(people: LiftedPeople) -> None:
    exact, bounded = (
        nearest(each, {0: at(0, 0, 0)})[0].closest for each in (people, unsure(people, 0.1))
    )
    assert exact.lower_bound == pytest.approx(exact.distance)
    assert bounded.distance == exact.distance
    assert 0.15 < bounded.distance - bounded.lower_bound < 0.25


def test_target_that_comes_nearer_has_an_approach_speed_too(people: LiftedPeople) -> None:
    coming = Target(np.array([0, -0.5, 0]), np.array([0, 0, 0.7]))
    assert nearest(people, {0: coming})[0].closest.approach_speed == pytest.approx(0.7, abs=0.01)
