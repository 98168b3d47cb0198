"""Capsules: the nearest point, and points on their surface."""

from dataclasses import replace

import numpy as np
import pytest

from diffhpe_ros.geometry.capsules import Capsules, closest, surface, thin_out

ORIGIN = np.zeros(3)


def capsule(start: list[float], end: list[float], radius: float, sd: float = 0.0) -> Capsules:
    """A capsule with isotropic position uncertainty that does not move."""
    covariance = np.tile(sd**2 * np.eye(3), (1, 2, 1, 1))
    return Capsules(
        np.array([[start, end]]),
        np.array([radius]),
        covariance,
        np.zeros((1, 2, 3)),
        covariance * 0,
    )


UPRIGHT = capsule([2, 0, -1], [2, 0, 1], 0.3)


def both(first: Capsules, second: Capsules) -> Capsules:
    return Capsules(
        *(
            np.concatenate(pair)
            for pair in zip(vars(first).values(), vars(second).values(), strict=True)
        )
    )


def test_nearest_point_is_on_the_surface_between_the_ends() -> None:
    found = closest(UPRIGHT, np.array([0, 0, 0.5]), sigmas=2)
    np.testing.assert_allclose(found.position, [1.7, 0, 0.5])
    assert found.distance == pytest.approx(1.7)
    assert found.lower_bound == pytest.approx(1.7)


def test_nearest_point_is_at_an_end_for_points_beyond_it() -> None:
    found = closest(UPRIGHT, np.array([2, 0, 3.0]), sigmas=2)
    np.testing.assert_allclose(found.position, [2, 0, 1.3])
    assert found.distance == pytest.approx(1.7)


def test_distance_of_a_point_inside_is_0() -> None:
    inside = np.array([1.9, 0, 0])
    found = closest(UPRIGHT, inside, sigmas=2)
    assert (found.distance, found.lower_bound) == (0, 0)
    np.testing.assert_allclose(found.position, inside)


def test_lower_bound_is_that_of_the_capsule_which_is_less_sure() -> None:
    near, far = (
        capsule([2, 0, 0], [2, 0, 0], 0.3, sd=0.01),
        capsule([2.5, 0, 0], [2.5, 0, 0], 0.3, 0.5),
    )
    found = closest(both(near, far), ORIGIN, sigmas=2)
    assert found.distance == pytest.approx(1.7)
    assert found.lower_bound == pytest.approx(1.2)


def test_only_uncertainty_along_the_line_to_the_point_counts() -> None:
    across = UPRIGHT.covariance + np.diag([0.0, 4.0, 4.0])
    found = closest(replace(UPRIGHT, covariance=across), ORIGIN, sigmas=2)
    assert found.lower_bound == pytest.approx(found.distance)


def test_what_comes_nearer_has_a_positive_approach_speed() -> None:
    moving = replace(UPRIGHT, velocity=np.array([[[-1.0, 3, 0], [-1.0, 3, 0]]]))
    assert closest(moving, ORIGIN, 2).approach_speed == pytest.approx(1.0)
    assert closest(moving, np.array([4.0, 0, 0]), 2).approach_speed == pytest.approx(-1.0)


def test_points_are_on_the_surface_and_none_of_it_is_far_from_one() -> None:
    points = surface(UPRIGHT, sigmas=0, spacing=0.1)
    along = points[:, 2].clip(-1, 1)
    from_axis = np.linalg.norm(points - np.stack([0 * along + 2, 0 * along, along], -1), axis=-1)
    np.testing.assert_allclose(from_axis, 0.3)
    for height in (-0.95, 0.0, 0.62):
        turn = np.linspace(0, 2 * np.pi, 50)
        ring = np.stack([2 + 0.3 * np.cos(turn), 0.3 * np.sin(turn), 0 * turn + height], -1)
        apart = np.linalg.norm(ring[:, None] - points, axis=-1).min(1)
        assert apart.max() < 0.1


def test_inflated_surface_is_as_far_out_as_its_covariance_says() -> None:
    unsure = replace(UPRIGHT, covariance=np.tile(np.diag([0.25, 0.01, 0.0]), (1, 2, 1, 1)))
    points = surface(unsure, sigmas=2, spacing=0.05)
    np.testing.assert_allclose(points.max(0), [2 + 0.3 + 1.0, 0.3 + 0.2, 1.3], atol=0.01)
    np.testing.assert_allclose(points.min(0), [2 - 0.3 - 1.0, -0.3 - 0.2, -1.3], atol=0.01)


def test_capsule_without_length_is_a_ball() -> None:
    points = surface(capsule([0, 0, 5], [0, 0, 5], 0.5), sigmas=2, spacing=0.1)
    np.testing.assert_allclose(np.linalg.norm(points - [0, 0, 5], axis=-1), 0.5)


def test_moved_on_it_is_elsewhere_and_less_sure() -> None:
    moving = replace(
        UPRIGHT,
        velocity=np.array([[[1.0, 0, 0], [0, 0, 0]]]),
        velocity_covariance=np.tile(np.eye(3), (1, 2, 1, 1)),
    )
    later = moving.moved_on(0.5)
    np.testing.assert_allclose(later.ends[0], [[2.5, 0, -1], [2, 0, 1]])
    np.testing.assert_allclose(later.covariance, 0.25 * moving.velocity_covariance)


def test_one_point_of_each_cell_is_kept() -> None:
    points = np.array([[0.01, 0, 0], [0.02, 0, 0], [-0.01, 0, 0], [0.01, 0.15, 0]])
    kept = thin_out(points, 0.1)
    assert sorted(kept.tolist()) == sorted(points[[0, 2, 3]].tolist())
